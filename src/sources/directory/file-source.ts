import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../problems.ts';
import { readManifest } from '../manifests/index.ts';
import type { Source, SourceRecord, SourceSink } from '../source.ts';
import { readContent } from './content.ts';
import { isHidden, isManifestName } from './entry-name.ts';
import { ObjectIndex } from './object-index.ts';

/** Files and folders read once. Files that are named are read whatever they are called. */
export class FileSource implements Source {
  readonly #paths: readonly string[];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  async check(): Promise<void> {
    for (const path of this.#paths) seen(path);
  }

  async start(sink: SourceSink): Promise<void> {
    const index = new ObjectIndex();
    const problems = new Map<string, readonly Problem[]>();
    for (const path of new Set(this.#paths.flatMap((path) => filesOf(path)))) {
      const reading = read(path);
      problems.set(path, reading.problems);
      index.replace(path, reading.records);
    }
    const { change } = index.take(true);
    for (const [path, own] of problems) sink.problems(`file ${path}`, [...own, ...index.duplicatesIn(path)]);
    sink.changed(change);
  }

  async stop(): Promise<void> {}
}

function seen(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`The file or folder "${path}" does not exist.`);
  return stats;
}

/** In the order of their names, as in a folder that is watched. */
function filesOf(path: string, above: ReadonlySet<string> = new Set()): readonly string[] {
  if (!seen(path).isDirectory()) return [path];
  const folder = realpathSync(path);
  // A link to a folder that it stands in.
  if (above.has(folder)) return [];
  const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !isHidden(name));
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && seen(inside).isDirectory());
      if (isFolder) return filesOf(inside, new Set([...above, folder]));
      return isManifestName(entry.name) ? [inside] : [];
    });
}

function read(path: string): { readonly records: readonly SourceRecord[]; readonly problems: readonly Problem[] } {
  const content = readContent(path, path, seen(path));
  switch (content.kind) {
    case 'gone':
      throw new Error(`The file "${path}" has gone while it was to be read.`);
    case 'failed':
      return { records: [], problems: [content.problem] };
    case 'text':
      break;
    default:
      return content satisfies never;
  }
  const reading = readManifest(content.text, path);
  switch (reading.kind) {
    case 'unreadable':
      return { records: [], problems: [reading.problem] };
    case 'empty':
      return { records: [], problems: [] };
    case 'readable':
      return {
        records: reading.objects.flatMap(({ record }) => record ?? []),
        problems: reading.objects.flatMap(({ problems }) => problems),
      };
    default:
      return reading satisfies never;
  }
}
