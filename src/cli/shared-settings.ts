import type { SettingField } from '../settings/index.ts';

/** The settings that name a source of objects. */
export const sourceSettings: readonly SettingField[] = [
  'config',
  'directory',
  'kubernetes',
  'kubeConfig',
  'context',
  'namespace',
];

/** The settings that all gateways' configuration depends on. */
export const gatewaySettings: readonly SettingField[] = [
  'listen',
  'trustHeader',
  'trustJwks',
  'trustClaim',
  'trustIssuer',
  'trustAudience',
  'previewDomain',
  'keyHeader',
  'keyBaggage',
  'keyTracestate',
  'keyCookie',
  'keyQuery',
  'keyHost',
  'storeDiverted',
  'browserPath',
  'corsOrigin',
];
