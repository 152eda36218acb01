import { readFile } from 'node:fs/promises';
import { any, decode, encode, type MessageTypes, typeUrls } from '../../src/protos/index.ts';
import { contentVersion, type Resource } from '../../src/resources/index.ts';
import type { ResourcesByName } from './config-dump.ts';
import { LOAD_REQUEST } from './load/generator.ts';

const LISTENER = 'envoy.config.listener.v3.Listener';
const HTTP_CONNECTION_MANAGER =
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager' as const;

/** What became of a request inside Envoy. Endpoint metadata is no part of it: to log that takes Envoy 1.40.0 down. */
const LINE = [
  '%START_TIME(%FT%T.%3fZ)%',
  `%REQ(${LOAD_REQUEST})%`,
  '%PROTOCOL% %REQ(:METHOD)% %REQ(:AUTHORITY)%%REQ(:PATH)%',
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%',
  '%UPSTREAM_CLUSTER% %UPSTREAM_HOST% %UPSTREAM_HOST_NAME%',
  '%UPSTREAM_REQUEST_ATTEMPT_COUNT% attempts in %DURATION% ms %UPSTREAM_TRANSPORT_FAILURE_REASON%',
].join(' ');

/** A Listener that writes a line for each request to a file; other resources as they are. */
export function logRequests(resource: Resource, path: string): Resource {
  if (resource.typeUrl !== typeUrls.listener) return resource;
  const listener = decode(LISTENER, resource.body);
  const [filter] = listener.filter_chains[0]!.filters;
  const manager = decode(HTTP_CONNECTION_MANAGER, filter!.typed_config!.value as Uint8Array);
  const logged = {
    ...manager,
    access_log: [
      {
        name: 'file',
        typed_config: any('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
          path,
          log_format: { text_format_source: { inline_string: `${LINE}\n` } },
        }),
      },
    ],
  } as MessageTypes[typeof HTTP_CONNECTION_MANAGER];
  Object.assign(filter!, { typed_config: any(HTTP_CONNECTION_MANAGER, logged) });
  const body = encode(LISTENER, listener as MessageTypes[typeof LISTENER]);
  return { ...resource, body, version: contentVersion(body) };
}

/** What an Envoy has in force, as if it logged no requests. */
export function withoutRequestLog(resources: ResourcesByName): ResourcesByName {
  return Object.fromEntries(
    Object.entries(resources).map(([title, resource]) => {
      if (!title.startsWith('Listener ')) return [title, resource];
      const copy = structuredClone(resource) as ListenerJson;
      for (const { filters } of copy.filter_chains)
        for (const { typed_config } of filters) delete typed_config.access_log;
      return [title, copy];
    }),
  );
}

interface ListenerJson {
  readonly filter_chains: readonly {
    readonly filters: readonly { readonly typed_config: { access_log?: unknown } }[];
  }[];
}

/** The lines of an Envoy that has ended, by what the requests' header `x-load-request` said. */
export async function readAccessLog(path: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return new Map(lines.map((line) => [line.split(' ')[1] ?? '', line]));
}
