import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withNames } from '../../../../src/sources/names/index.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { sourceConformance } from '../conformance.ts';
import { WatchedFolder } from '../directory/watched-folder.ts';
import { ScriptedResolver } from './scripted.ts';

sourceConformance('A folder whose names are resolved', {
  async make() {
    const folder = new WatchedFolder();
    const file = ({ kind, name }: { readonly kind: string; readonly name: string }) =>
      join(folder.path, `${kind}-${name}.json`);
    const sources: Source[] = [];
    const named = () => {
      const source = withNames(folder.source(), { resolver: new ScriptedResolver(), servicesWithoutSlices: true });
      sources.push(source);
      return source;
    };
    return {
      source: named(),
      another: named,
      put: (object) =>
        writeFile(file({ kind: object.kind, name: object.metadata.name }), JSON.stringify(object, null, 2)),
      remove: (ref) => rm(file(ref)),
      close: async () => {
        for (const source of sources) await source.stop();
        await folder.close();
      },
    };
  },
});
