import type { BootstrapOptions } from '../gateway/index.ts';
import { formatHostPort, type SettingField, type Settings, SettingsError } from '../settings/index.ts';

/** The settings that make a bootstrap. */
export const bootstrapSettings: readonly SettingField[] = [
  'xds',
  'nodeId',
  'protocol',
  'gatewayNamespace',
  'envoyAdmin',
  'config',
];

/**
 * What the settings say of an Envoy's bootstrap.
 * @throws {SettingsError} if `xds` is an address to listen at, which a file shared with `shunt serve` may well hold.
 */
export function bootstrapOptions({ xds, nodeId, protocol, gatewayNamespace, envoyAdmin }: Settings): BootstrapOptions {
  if (xds.port === 0 || xds.host === '0.0.0.0' || xds.host === '::') {
    throw new SettingsError([
      `setting xds: "${formatHostPort(xds)}" is where a server listens, not where an Envoy reaches it; give --xds with an ` +
        'address that this Envoy can connect to, for example 127.0.0.1:18000.',
    ]);
  }
  return { xds, nodeId, protocol, namespace: gatewayNamespace, admin: envoyAdmin };
}
