import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DirectoryOptions, directorySource } from '../../../../src/sources/directory/index.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { service } from '../objects.ts';
import { Recorder } from '../recorder.ts';

/** A folder in a new temporary one, so that it can be moved itself, and a source that watches it. */
export class WatchedFolder {
  readonly above = mkdtempSync(join(tmpdir(), 'shunt-directory-'));
  readonly path = join(this.above, 'manifests');
  readonly seen = new Recorder();
  readonly #sources: Source[] = [];
  #markers = 0;

  constructor() {
    mkdirSync(this.path);
  }

  source(options: DirectoryOptions = {}): Source {
    const source = directorySource(this.path, options);
    this.#sources.push(source);
    return source;
  }

  async start(options?: DirectoryOptions): Promise<Source> {
    const source = this.source(options);
    await source.start(this.seen);
    return source;
  }

  /** Writes in place, making folders as needed. */
  write(file: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.path, file)), { recursive: true });
    writeFileSync(join(this.path, file), content);
  }

  /** As most editors and tools do: writes beside the file and renames. */
  replace(file: string, content: string): void {
    const aside = join(this.above, 'aside');
    writeFileSync(aside, content);
    renameSync(aside, join(this.path, file));
  }

  move(from: string, to: string): void {
    renameSync(join(this.path, from), join(this.path, to));
  }

  remove(file: string): void {
    rmSync(join(this.path, file), { recursive: true });
  }

  /** Resolves when all that was done before has been seen. */
  async settled(): Promise<void> {
    this.#markers += 1;
    const name = `marker-${this.#markers}`;
    this.write(`${name}.json`, JSON.stringify(service(name)));
    await this.seen.until(() => this.seen.world.has(`Service shop/${name}`));
  }
  /** Names of the Services in the world, without markers, in order. */
  get services(): readonly string[] {
    const keys = this.seen.keys().filter((key) => key.startsWith('Service shop/') && !key.includes('/marker-'));
    return keys.map((key) => key.slice('Service shop/'.length));
  }

  /** The first port of a Service. */
  port(name: string): number | undefined {
    const record = this.seen.world.get(`Service shop/${name}`);
    return record?.kind === 'Service' ? record.ports[0]?.port : undefined;
  }

  /** Each change after the first as `+name` and `-name`, without markers. */
  get news(): readonly string[] {
    const isMarker = ({ name }: { readonly name: string }) => name.startsWith('marker-');
    const told = this.seen.changes.slice(1).map(({ upserts, deletes }) => {
      const came = upserts.filter((record) => !isMarker(record)).map(({ name }) => `+${name}`);
      const went = deletes.filter((ref) => !isMarker(ref)).map(({ name }) => `-${name}`);
      return [...came, ...went].sort().join(' ');
    });
    return told.filter((change) => change !== '');
  }

  async close(): Promise<void> {
    for (const source of this.#sources) await source.stop();
    rmSync(this.above, { recursive: true, force: true });
  }
}

/** Documents of one Service each, all with the same port. */
export function yaml(names: readonly string[], port = 80): string {
  return names
    .map(
      (name) =>
        `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\n  namespace: shop\nspec:\n  ports:\n  - port: ${port}\n`,
    )
    .join('---\n');
}
