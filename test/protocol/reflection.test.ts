import { createRequire } from 'node:module';
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  makeClientConstructor,
  type ServiceDefinition,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import descriptor from 'protobufjs/ext/descriptor.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoveryServices } from '../../src/protos/index.ts';
import { TestServer } from '../support/xds-server.ts';

const require = createRequire(import.meta.url);

interface Request {
  readonly listServices?: string;
  readonly fileContainingSymbol?: string;
  readonly fileByFilename?: string;
}
interface Response {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string };
}
interface Reflection extends Client {
  ServerReflectionInfo(): ClientDuplexStream<Request, Response>;
}

let test: TestServer;
let clients: Client[];

beforeEach(async () => {
  clients = [];
  test = await TestServer.start();
});

afterEach(async () => {
  for (const client of clients) client.close();
  await test.close();
});

/** A stream of questions and answers, of a version of the protocol. */
function open(version: 'v1' | 'v1alpha' = 'v1') {
  const name = `grpc/reflection/${version}/reflection.proto`;
  const proto = require.resolve(`@grpc/reflection/build/proto/${name}`);
  const definition = loadSync(proto)[`grpc.reflection.${version}.ServerReflection`] as ServiceDefinition;
  const Connection = makeClientConstructor(definition, 'ServerReflection');
  const client = new Connection(`127.0.0.1:${test.port}`, credentials.createInsecure()) as unknown as Reflection;
  clients.push(client);
  const stream = client.ServerReflectionInfo();
  // The status says the same.
  stream.on('error', () => {});
  const ended = new Promise<StatusObject>((resolve) => stream.on('status', resolve));
  const ask = (request: Request) =>
    new Promise<Response>((resolve) => {
      stream.once('data', resolve);
      stream.write(request);
    });
  return { ask, stream, ended };
}

/** The names of the files in an answer, in its order. */
function filesIn({ fileDescriptorResponse }: Response): readonly string[] {
  return fileDescriptorResponse!.fileDescriptorProto.map(
    (bytes) => (descriptor.FileDescriptorProto.decode(bytes) as unknown as { name: string }).name,
  );
}

describe('gRPC reflection', () => {
  it('costs nothing until somebody asks', async () => {
    const loaded = () => Object.keys(require.cache).some((file) => file.includes('/@grpc/reflection/'));
    expect(loaded()).toBe(false);
    await open().ask({ listServices: '*' });
    expect(loaded()).toBe(true);
  });

  it.each(['v1', 'v1alpha'] as const)('lists the services that are served, in %s', async (version) => {
    const { listServicesResponse } = await open(version).ask({ listServices: '*' });
    expect(listServicesResponse?.service.map(({ name }) => name).sort()).toEqual(
      [
        ...discoveryServices().map(({ name }) => name),
        'envoy.service.status.v3.ClientStatusDiscoveryService',
        'grpc.health.v1.Health',
      ].sort(),
    );
  });

  it('hands out the definition of each of these, with the file where it belongs', async () => {
    const { ask } = open();
    const { listServicesResponse } = await ask({ listServices: '*' });
    for (const { name } of listServicesResponse!.service) {
      expect(filesIn(await ask({ fileContainingSymbol: name }))[0]).toMatch(/^(envoy|grpc)\/.*\/v[13]\/[a-z]+\.proto$/);
    }
    expect(filesIn(await ask({ fileContainingSymbol: 'grpc.health.v1.Health' }))).toEqual([
      'grpc/health/v1/health.proto',
    ]);
  });

  it('hands out the definition of a message, and of all that it needs', async () => {
    const { ask } = open();
    const files = filesIn(await ask({ fileContainingSymbol: 'envoy.type.matcher.v3.NodeMatcher' }));
    expect(files[0]).toBe('envoy/type/matcher/v3/node.proto');
    expect([...files].sort()).toEqual(
      ['node', 'regex', 'string', 'struct', 'value'].map((name) => `envoy/type/matcher/v3/${name}.proto`),
    );
    expect(filesIn(await ask({ fileByFilename: 'google/protobuf/any.proto' }))).toEqual(['google/protobuf/any.proto']);
  });

  it('knows the messages that stand in an Any, so that tools can show them', async () => {
    const { ask } = open();
    for (const symbol of [
      'envoy.config.cluster.v3.Cluster',
      'envoy.config.listener.v3.Listener',
      'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    ]) {
      expect(filesIn(await ask({ fileContainingSymbol: symbol })).length).toBeGreaterThan(1);
    }
  });

  it('says what it does not know, and goes on', async () => {
    const { ask, stream, ended } = open();
    const { errorResponse } = await ask({ fileContainingSymbol: 'acme.Rocket' });
    expect(errorResponse).toEqual({ errorCode: status.NOT_FOUND, errorMessage: 'Symbol not found: acme.Rocket' });
    expect((await ask({ listServices: '*' })).listServicesResponse?.service).not.toEqual([]);
    stream.end();
    expect(await ended).toMatchObject({ code: status.OK });
  });

  it('does not hold up the end of the server', async () => {
    const { ask, ended } = open();
    await ask({ listServices: '*' });
    const closed = test.server.close();
    expect(await ended).toMatchObject({ code: status.OK });
    await closed;
  });
});
