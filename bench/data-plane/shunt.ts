import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Surroundings } from '../contender.ts';
import { baselineManifest, previewManifest } from '../manifests.ts';
import { startServing } from '../serving.ts';
import type { Gateway } from './gateway.ts';
import { KEY, SERVICE } from './questions.ts';

export interface ShuntOptions extends Surroundings {
  readonly previews: number;
}

/** `shunt serve` and its Envoy, for one service. All previews but one have an endpoint that nobody calls. */
export async function startShunt(options: ShuntOptions): Promise<Gateway> {
  const { previews, upstreams, folder, ...surroundings } = options;
  const watched = join(folder, 'watched', 'manifests');
  mkdirSync(watched, { recursive: true });
  const standing = Array.from({ length: previews }, (_, index) => {
    const key = `pr-${index + 1}`;
    return key === KEY
      ? previewManifest(SERVICE, key, '127.0.0.1', upstreams.preview)
      : previewManifest(SERVICE, key, `127.1.${index >> 8}.${index & 255}`, 8080);
  });
  writeFileSync(join(watched, 'all.yaml'), [baselineManifest(SERVICE, upstreams.baseline), ...standing].join('---\n'));
  const title = `${previews.toLocaleString('en')} previews`;
  const serving = await startServing({
    ...surroundings,
    title,
    source: ['--directory', watched],
    folder,
    protocol: 'delta',
  });
  return { title, previews, ...serving };
}
