import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Protocol } from '../src/settings/index.ts';
import type { Contender, Surroundings } from './contender.ts';
import { baselineManifest, previewManifest } from './manifests.ts';
import { startServing } from './serving.ts';

/** Standing previews of each service. */
const PREVIEWS = 10;

export interface ShuntOptions extends Surroundings {
  /** Each of which has ten previews that stand throughout. */
  readonly services: number;
  readonly protocol: Protocol;
}

/** `shunt serve` on a folder of manifests, one file for each Service, and an Envoy. A round renames one more into place. */
export async function startShunt(options: ShuntOptions): Promise<Contender> {
  const { binary, upstreams, folder, onStart, onFailure, services, protocol } = options;
  const title = `shunt with ${(services * PREVIEWS).toLocaleString('en')} previews`;
  // In a folder of its own: the one above a watched folder is watched too, and nothing but manifests is to move there.
  const watched = join(folder, 'watched', 'manifests');
  mkdirSync(watched, { recursive: true });
  for (let service = 0; service < services; service++) writeStanding(watched, service, upstreams.baseline);

  const { port } = await startServing({
    title,
    source: ['--directory', watched],
    protocol,
    binary,
    folder,
    onStart,
    onFailure,
  });
  const staged = join(folder, 'staged.yaml');
  return {
    title,
    port,
    round(number) {
      const host = serviceName(number % services);
      const key = `round-${number}`;
      const inPlace = join(watched, `${host}-${key}.yaml`);
      writeFileSync(staged, previewManifest(host, key, '127.0.0.1', upstreams.preview));
      return { host, key, publish: () => renameSync(staged, inPlace), withdraw: () => rmSync(inPlace) };
    },
  };
}

/** A baseline and its standing previews, whose endpoints nobody calls: each has an address of the loopback network. */
function writeStanding(watched: string, service: number, baselinePort: number): void {
  const name = serviceName(service);
  writeFileSync(join(watched, `${name}.yaml`), baselineManifest(name, baselinePort));
  for (let preview = 0; preview < PREVIEWS; preview++) {
    const key = `standing-${preview}`;
    const address = `127.1.${service}.${preview + 1}`;
    writeFileSync(join(watched, `${name}-${key}.yaml`), previewManifest(name, key, address, 8080));
  }
}

function serviceName(service: number): string {
  return `service-${service}`;
}
