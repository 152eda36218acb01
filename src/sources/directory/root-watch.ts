import { type FSWatcher, lstatSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/**
 * Tells when a folder may have been exchanged as a whole: deleted, made again, renamed, or reached by a symbolic link that
 * now leads elsewhere (as git-sync publishes). Its own watch does not see that, so the folders above are watched for it.
 */
export class RootWatch {
  readonly #path: string;
  readonly #exchanged: () => void;
  #watchers: FSWatcher[] = [];

  constructor(path: string, exchanged: () => void) {
    this.#path = resolve(path);
    this.#exchanged = exchanged;
    this.#arm();
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #arm(): void {
    this.close();
    for (let path = this.#path; path !== dirname(path); path = dirname(path)) {
      if (path === this.#path || mayComeToLeadElsewhere(path)) this.#watch(path);
    }
  }

  #watch(path: string): void {
    try {
      const watcher = watch(dirname(path), (_, name) => {
        if (name !== null && name !== basename(path)) return;
        this.#arm();
        this.#exchanged();
      });
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // The folder above is missing too, and the one above that is watched for it; or watches are exhausted, which the
      // folder's own watch reports.
    }
  }
}

function mayComeToLeadElsewhere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? true;
  } catch {
    return false;
  }
}
