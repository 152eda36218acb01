import { resolve } from 'node:path';
import type { BootstrapOptions, ControlPlaneTls } from '../gateway/index.ts';
import { chooseClientTls, formatHostPort, type SettingField, type Settings, SettingsError } from '../settings/index.ts';

/** The settings that make a bootstrap. */
export const bootstrapSettings: readonly SettingField[] = [
  'xds',
  'nodeId',
  'protocol',
  'gatewayNamespace',
  'envoyAdmin',
  'config',
];

/** Those by which an Envoy reaches a control plane on another machine. */
export const tlsSettings: readonly SettingField[] = ['xdsCa', 'xdsCert', 'xdsKey', 'xdsServerName'];

/**
 * What the settings say of an Envoy's bootstrap.
 * @throws {SettingsError} if `xds` is an address to listen at, which a file shared with `shunt serve` may well hold; or if
 *   TLS is asked for in part.
 */
export function bootstrapOptions(settings: Settings): BootstrapOptions {
  const { xds, nodeId, protocol, gatewayNamespace, envoyAdmin, envoyProbe } = settings;
  if (xds.port === 0 || xds.host === '0.0.0.0' || xds.host === '::') {
    throw new SettingsError([
      `setting xds: "${formatHostPort(xds)}" is where a server listens, not where an Envoy reaches it; give --xds with an ` +
        'address that this Envoy can connect to, for example 127.0.0.1:18000.',
    ]);
  }
  return {
    xds,
    nodeId,
    protocol,
    namespace: gatewayNamespace,
    tls: tlsOf(settings),
    admin: envoyAdmin,
    probe: envoyProbe,
  };
}

/** Paths become absolute: an Envoy may be started in another folder. */
function tlsOf(settings: Settings): ControlPlaneTls | undefined {
  const tls = chooseClientTls(settings);
  if (tls === undefined) return undefined;
  if (settings.sdsDirectory === undefined) {
    throw new SettingsError([
      'setting xds-ca: Envoy takes certificates that may change from files that say where they are; give --sds-directory FOLDER, ' +
        'where these files are written and the Envoy finds them.',
    ]);
  }
  const { ca, pair, serverName } = tls;
  return {
    ca: resolve(ca),
    pair: pair && { certificate: resolve(pair.certificate), key: resolve(pair.key) },
    serverName,
    sdsDirectory: resolve(settings.sdsDirectory),
  };
}
