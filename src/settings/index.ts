/** The settings of every command: one schema for flags, environment and file. */
export { SettingsError } from './errors.ts';
export { type OwnFlag, readFlags } from './flags.ts';
export { chooseKeyTrust, readSecret, readSecretFile, type TokenCheck, type TrustMeans } from './key-trust.ts';
export { defaultSettings, loadSettings } from './load.ts';
export { flagName, type Setting, schema, settingEntries, variableName } from './schema.ts';
export type { ClientRule, HostPort, KeyTrust, Listen, LogLevel, Protocol, SettingField, Settings } from './settings.ts';
export { chooseSource, formatHostPort, type SourceChoice } from './source.ts';
export { type ClientTls, chooseClientTls, chooseServerTls, type ServerTls } from './trust.ts';
