/** A real Envoy: its bootstrap, where to find it, and running it. */
export { type Bootstrap, type BootstrapOptions, bootstrapConfig, namespaceMetadata } from './bootstrap.ts';
export { type FindOptions, type FoundEnvoy, findEnvoy } from './find.ts';
export { type Ending, type Envoy, type EnvoyLogLevel, type StartOptions, startEnvoy } from './start.ts';
export { type ControlPlaneTls, writeSdsFiles } from './tls.ts';
