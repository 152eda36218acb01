import type { Baseline } from '../catalog/model.ts';
import { type EndpointEntry, titleOf, type UnreadyPreview } from '../intercepts/intercept.ts';
import { compareText } from '../intercepts/precedence.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, bool, struct } from '../protos/index.ts';
import { METADATA } from './gateway.ts';
import { hash } from './hash.ts';

type LocalityLbEndpoints = MessageTypes['envoy.config.endpoint.v3.LocalityLbEndpoints'];
type LbEndpoint = MessageTypes['envoy.config.endpoint.v3.LbEndpoint'];
type LocalReplyConfig = NonNullable<
  MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager']['local_reply_config']
>;

/** Of the addresses of 127.0.0.0/8, which never leave the machine: those for `deny`, and the first of those for `baseline`. */
const DENIED_NETWORK = 1;
const FALLBACK_NETWORK = 2;

/**
 * A preview without usable endpoints has stand-ins, so that its subset stays in being and what becomes of its requests is
 * decided with its endpoints, in the same update: at no instant has one changed and the other not.
 *
 * A stand-in has an address of its own, as each endpoint of a cluster must, at which nobody can listen: no port has the
 * number 0, and the kernel refuses the connection without a packet. For `deny` that is all. For `baseline` an endpoint of
 * the baseline is its second address, to which Envoy turns at once (RFC 8305): the stand-in is that endpoint under another
 * host name, which tells callers that the preview was meant.
 *
 * @param fallbacksOf the endpoints of the baseline that answer for a subset.
 */
export function standIns(
  baseline: Baseline,
  unready: readonly UnreadyPreview[],
  fallbacksOf: (subset: string) => readonly EndpointEntry[],
): readonly LocalityLbEndpoints[] {
  const addresses = new Addresses();
  const inOrder = [...unready].sort((a, b) => compareText(a.preview.id, b.preview.id));
  return inOrder.flatMap(({ preview, subsets }) => {
    const title = `${baseline.name}@${titleOf(preview)}`;
    const behind = preview.whenUnready === 'deny' ? [] : fallbacksOf(subsets[0]!);
    const endpoints =
      preview.whenUnready === 'deny'
        ? [standIn(addresses.take(DENIED_NETWORK, title), title, subsets)]
        : behind.map((entry, index) => {
            const address = addresses.take(FALLBACK_NETWORK + index, title);
            return standIn(address, `${baseline.name} (${title} is not ready)`, subsets, entry);
          });
    // Envoy keeps the host of an address, its second address included, unless the locality changes.
    const zone = [`${title} is not ready`, ...behind.map(({ address, port }) => `${address}:${port}`)].join(' ');
    return endpoints.length === 0 ? [] : [{ priority: 0, locality: { sub_zone: zone }, lb_endpoints: endpoints }];
  });
}

function standIn(address: string, hostname: string, subsets: readonly string[], behind?: EndpointEntry): LbEndpoint {
  const additional =
    behind === undefined
      ? {}
      : {
          additional_addresses: [{ address: { socket_address: { address: behind.address, port_value: behind.port } } }],
        };
  return {
    endpoint: { address: { socket_address: { address, port_value: 0 } }, hostname, ...additional },
    metadata: { filter_metadata: { [METADATA.loadBalancer]: struct({ [METADATA.preview]: subsets }) } },
  };
}

/** Gives addresses that depend on the names, so that those of others stay when one comes or goes. */
class Addresses {
  readonly #taken = new Set<string>();

  /** @param network the second byte. A network has 65,536 addresses, more than a service can have previews. */
  take(network: number, name: string): string {
    for (let value = hash(name) >>> 16; ; value = (value + 1) & 0xffff) {
      const address = `127.${network}.${value >> 8}.${value & 0xff}`;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
  }
}

/** The body where an endpoint takes no connections. */
export const CANNOT_BE_REACHED = text('%UPSTREAM_HOST_NAME% cannot be reached: %RESPONSE_CODE_DETAILS%.');

/**
 * The body of a refusal: why nobody answers, and for whom. Nothing but the endpoint chosen tells the requests of a preview
 * that denies from others, so the first mapper asks for its address, in the only language that has it; only responses
 * of Envoy's own making are asked. The second is for requests with a key, whose endpoints take no connections, be they a
 * preview's or the baseline's.
 */
export const REFUSALS: LocalReplyConfig = {
  mappers: [
    {
      filter: {
        extension_filter: {
          name: 'envoy.access_loggers.extension_filters.cel',
          typed_config: any('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
            expression: `upstream.address.startsWith("127.${DENIED_NETWORK}.")`,
          }),
        },
      },
      body_format_override: text(
        '%UPSTREAM_HOST_NAME% has no endpoint that is ready, and nobody is to answer in its place (shunt.dev/when-unready: deny).',
      ),
    },
    {
      filter: {
        and_filter: {
          filters: [
            // No connection to the upstream.
            { response_flag_filter: { flags: ['UF'] } },
            {
              metadata_filter: {
                matcher: {
                  filter: METADATA.loadBalancer,
                  path: [{ key: METADATA.preview }],
                  value: { present_match: true },
                },
                match_if_key_not_found: bool(false),
              },
            },
          ],
        },
      },
      body_format_override: CANNOT_BE_REACHED,
    },
  ],
};

function text(line: string) {
  return { text_format_source: { inline_string: `${line}\n` } };
}
