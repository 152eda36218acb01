import { isIP } from 'node:net';
import { SettingsError } from './errors.ts';
import type { ClientRule, HostPort, Settings } from './settings.ts';
import { formatHostPort } from './source.ts';

/** How the control plane protects the port that it serves Envoys on. */
export type ServerTls =
  /** `exposed`: to others than this machine. */
  | { readonly kind: 'plaintext'; readonly exposed: boolean }
  | {
      readonly kind: 'tls';
      readonly certificate: string;
      readonly key: string;
      /** With it TLS is mutual. */
      readonly ca: string | undefined;
      /** No rules admit every client with a certificate from the CA. */
      readonly clients: readonly ClientRule[];
    };

/**
 * What the settings say of a control plane's port.
 * @throws {SettingsError} if they contradict each other, or would open the port to others without saying so.
 */
export function chooseServerTls({ xds, xdsCert, xdsKey, xdsCa, xdsClient, xdsPlaintext }: Settings): ServerTls {
  const pair = pairOf(xdsCert, xdsKey);
  if (xdsClient.length > 0 && xdsCa === undefined) {
    throw new SettingsError([
      'setting xds-client names identities in certificates, for which Envoys are asked only with xds-ca: give --xds-ca FILE too, or leave out the rules.',
    ]);
  }
  if (pair === undefined) {
    if (xdsCa !== undefined) {
      throw new SettingsError([
        'setting xds-ca is for TLS, which needs a certificate of the control plane: give --xds-cert FILE and --xds-key FILE too.',
      ]);
    }
    const exposed = !isLoopback(xds);
    if (exposed && !xdsPlaintext) {
      throw new SettingsError([
        `setting xds: at "${formatHostPort(xds)}" others than this machine can read everything without TLS; give --xds-cert FILE and ` +
          '--xds-key FILE (and --xds-ca FILE to admit only Envoys with a certificate), or --xds-plaintext if that is what you want.',
      ]);
    }
    return { kind: 'plaintext', exposed };
  }
  if (xdsPlaintext) {
    throw new SettingsError(['settings xds-plaintext and xds-cert exclude each other: leave out one of them.']);
  }
  return { kind: 'tls', ...pair, ca: xdsCa, clients: xdsClient };
}

/** How an Envoy reaches a control plane that speaks TLS. */
export interface ClientTls {
  readonly ca: string;
  /** What the Envoy shows; undefined if it shows nothing. */
  readonly pair: { readonly certificate: string; readonly key: string } | undefined;
  /** What must stand in the control plane's certificate. */
  readonly serverName: string;
}

/**
 * What the settings say of an Envoy's way to its control plane; undefined is plaintext.
 * @throws {SettingsError} if a part is missing.
 */
export function chooseClientTls({ xds, xdsCert, xdsKey, xdsCa, xdsServerName }: Settings): ClientTls | undefined {
  const pair = pairOf(xdsCert, xdsKey);
  if (xdsCa !== undefined) return { ca: xdsCa, pair, serverName: xdsServerName ?? xds.host };
  const given = pair === undefined ? xdsServerName && 'xds-server-name' : 'xds-cert';
  if (given === undefined) return undefined;
  throw new SettingsError([
    `setting ${given} is for TLS, in which the Envoy checks the control plane's certificate: give --xds-ca FILE too.`,
  ]);
}

function pairOf(certificate: string | undefined, key: string | undefined) {
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate === undefined && key === undefined) return undefined;
  const [given, absent] = key === undefined ? ['xds-cert', 'xds-key'] : ['xds-key', 'xds-cert'];
  throw new SettingsError([`setting ${given} is of no use without ${absent}: give --${absent} FILE too.`]);
}

/** Whether only this machine can reach the address. */
function isLoopback({ host }: HostPort): boolean {
  return host === '::1' || host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.'));
}
