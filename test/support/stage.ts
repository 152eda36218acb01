import type { Settings } from '../../src/settings/index.ts';
import { startTestEnvoy, type TestEnvoy } from './envoy.ts';
import { Gateway } from './gateway.ts';
import { type Manifest, ManifestFolder } from './manifests.ts';
import { startWatchedShunt, type WatchedShunt } from './shunt.ts';

/** A control plane over a folder of manifests and an Envoy of it, for as long as a test file runs. */
export interface Stage {
  readonly folder: ManifestFolder;
  readonly shunt: WatchedShunt;
  readonly envoy: TestEnvoy;
  readonly gateway: Gateway;
  stop(): Promise<void>;
}

/** @param settings that are not the defaults. */
export async function startStage(manifests: readonly Manifest[], settings: Partial<Settings> = {}): Promise<Stage> {
  const folder = await ManifestFolder.create();
  await folder.write('world', manifests);
  const shunt = await startWatchedShunt(folder, settings);
  const envoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol: 'delta' });
  const gateway = new Gateway(envoy, shunt.gatewayPort);
  return {
    folder,
    shunt,
    envoy,
    gateway,
    async stop() {
      gateway.close();
      await envoy.stop();
      await shunt.stop();
      await folder.delete();
    },
  };
}
