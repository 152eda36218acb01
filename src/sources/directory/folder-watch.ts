import { type FSWatcher, watch } from 'node:fs';

/**
 * Watches the entries of a folder, or a file; a link is followed. `changed` gets the name of the entry, or null if the
 * system does not say; `failed` is told if watching is impossible, unless because nothing is there.
 *
 * @returns undefined if it is not watched.
 */
export function watchPath(
  path: string,
  changed: (name: string | null) => void,
  failed: (error: Error) => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(path, (_, name) => changed(name));
    watcher.on('error', (error) => {
      watcher.close();
      failed(error);
    });
    return watcher;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failed(error as Error);
    return undefined;
  }
}
