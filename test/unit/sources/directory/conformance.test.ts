import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sourceConformance } from '../conformance.ts';
import { WatchedFolder } from './watched-folder.ts';

sourceConformance('A folder of manifests', {
  async make() {
    const folder = new WatchedFolder();
    const file = ({ kind, name }: { readonly kind: string; readonly name: string }) =>
      join(folder.path, `${kind}-${name}.json`);
    return {
      source: folder.source(),
      another: () => folder.source(),
      put: (object) =>
        writeFile(file({ kind: object.kind, name: object.metadata.name }), JSON.stringify(object, null, 2)),
      remove: (ref) => rm(file(ref)),
      close: () => folder.close(),
    };
  },
});
