import { mkdir, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

/** How an Envoy reaches a control plane that speaks TLS. All paths are absolute. */
export interface ControlPlaneTls {
  /** The CAs that the control plane's certificate must come from: a PEM file. */
  readonly ca: string;
  /** The Envoy's own certificate and its key, PEM files; undefined if it shows none. */
  readonly pair?: { readonly certificate: string; readonly key: string } | undefined;
  /** What must stand in the control plane's certificate: a DNS name, an IP address or a URI. */
  readonly serverName: string;
  /** The folder of the files that `writeSdsFiles` writes. */
  readonly sdsDirectory: string;
}

const caSecret = 'shunt-xds-ca';
const pairSecret = 'shunt-xds-cert';

/** A `envoy.config.core.v3.TransportSocket` in its JSON form. */
export function transportSocket({ pair, serverName, sdsDirectory }: ControlPlaneTls) {
  const secret = (name: string) => ({
    name,
    sds_config: { path_config_source: { path: sdsPath(sdsDirectory, name) }, resource_api_version: 'V3' },
  });
  const kind = { 0: serverName.includes(':') ? 'URI' : 'DNS', 4: 'IP_ADDRESS', 6: 'IP_ADDRESS' }[isIP(serverName)];
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      // RFC 6066, 3: names only, no addresses.
      ...(kind === 'DNS' ? { sni: serverName } : {}),
      common_tls_context: {
        alpn_protocols: ['h2'],
        // Without it Envoy stays at TLS 1.2 as a client, which shows its certificate to whoever listens on the way.
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
        ...(pair === undefined ? {} : { tls_certificate_sds_secret_configs: [secret(pairSecret)] }),
        combined_validation_context: {
          // A CA alone vouches for everyone that it has ever issued a certificate to.
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: kind, matcher: { exact: canonical(serverName) } }],
          },
          validation_context_sds_secret_config: secret(caSecret),
        },
      },
    },
  };
}

/**
 * Writes the files by which an Envoy finds its certificates. What stands in the bootstrap itself Envoy reads once; what comes
 * from such a file is read again when a file is moved to where the certificate is, or Kubernetes exchanges its folder.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/security/secret
 * @throws a sentence that names the setting, if the folder cannot be written.
 */
export async function writeSdsFiles({ ca, pair, sdsDirectory }: ControlPlaneTls): Promise<void> {
  const secrets = {
    [caSecret]: { validation_context: { trusted_ca: { filename: ca } } },
    ...(pair && {
      [pairSecret]: {
        tls_certificate: { certificate_chain: { filename: pair.certificate }, private_key: { filename: pair.key } },
      },
    }),
  };
  try {
    await mkdir(sdsDirectory, { recursive: true });
    for (const [name, secret] of Object.entries(secrets)) {
      const path = sdsPath(sdsDirectory, name);
      // By a move, which is what an Envoy that runs already watches for.
      await writeFile(
        `${path}.new`,
        `${JSON.stringify({ resources: [{ '@type': secretType, name, ...secret }] }, null, 2)}\n`,
      );
      await rename(`${path}.new`, path);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`setting sds-directory: the folder "${sdsDirectory}" cannot be written (${code}); choose another.`);
  }
}

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** Envoy knows the format by the ending. */
function sdsPath(folder: string, secret: string): string {
  return join(folder, `${secret}.json`);
}

/** An address as Envoy writes those of a certificate, with which it compares. */
function canonical(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}
