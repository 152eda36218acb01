import { type FSWatcher, lstatSync, readlinkSync, watch } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';

/**
 * Tells when the content of files may have changed: written in place, replaced by a rename, or reached by a symbolic link
 * that now leads elsewhere, on whatever part of the path, as Kubernetes exchanges mounted Secrets and ConfigMaps.
 */
export class PathWatch {
  readonly #paths: readonly string[];
  readonly #changed: () => void;
  #watched = '';
  #watchers: FSWatcher[] = [];

  constructor(paths: readonly string[], changed: () => void) {
    this.#paths = paths;
    this.#changed = changed;
    this.arm();
  }

  /** Watches where the paths lead now; call it before the files are read, so that no change falls in between. */
  arm(): void {
    const entries = entriesByFolder(this.#paths);
    const now = JSON.stringify([...entries].map(([folder, names]) => [identity(folder), folder, ...names]));
    if (now === this.#watched) return;
    this.close();
    this.#watched = now;
    for (const [folder, names] of entries) this.#watch(folder, names);
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    this.#watched = '';
  }

  #watch(folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null || names.has(name)) this.#changed();
      });
      watcher.on('error', () => watcher.close());
      watcher.unref();
      this.#watchers.push(watcher);
    } catch {
      // The folder is gone or cannot be watched: whoever reads the files looks at times without being told.
    }
  }
}

/** The kernel's limit of symbolic links on a path (path_resolution(7)). */
const MOST_LINKS = 40;

/** By folder, the names of which a change changes what the paths lead to: symbolic links on the way, and the files. */
function entriesByFolder(paths: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const entries = new Map<string, Set<string>>();
  for (const path of paths) {
    for (const entry of entriesOn(resolve(path))) {
      const { dir, base } = parse(entry);
      entries.set(dir, (entries.get(dir) ?? new Set()).add(base));
    }
  }
  return entries;
}

function entriesOn(path: string): readonly string[] {
  const entries: string[] = [];
  let { root: at } = parse(path);
  let rest = path.slice(at.length).split(sep);
  for (let links = 0; rest.length > 0; ) {
    const [name, ...further] = rest;
    const entry = join(at, name!);
    const target = linkTarget(entry);
    if (target === undefined) {
      at = entry;
      rest = further;
      continue;
    }
    entries.push(entry);
    links += 1;
    if (links > MOST_LINKS) return entries;
    const led = resolve(dirname(entry), target);
    at = parse(led).root;
    rest = [...led.slice(at.length).split(sep), ...further];
  }
  return [...entries, at];
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}

function identity(folder: string): string {
  try {
    const { dev, ino } = lstatSync(folder);
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}
