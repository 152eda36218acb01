import { lstatSync, type Stats, statSync } from 'node:fs';

/** What stands at a path. Links are followed; a link that leads nowhere stands for nothing. */
export type Entry =
  | { readonly kind: 'nothing' }
  /** It cannot be told, for want of permission as a rule. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'file' | 'folder' | 'other'; readonly linked: boolean; readonly stats: Stats };

export function look(path: string): Entry {
  try {
    const own = lstatSync(path, { throwIfNoEntry: false });
    const linked = own?.isSymbolicLink() ?? false;
    const stats = linked ? statSync(path, { throwIfNoEntry: false }) : own;
    if (stats === undefined) return { kind: 'nothing' };
    return { kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other', linked, stats };
  } catch (error) {
    return { kind: (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'nothing' : 'unknown' };
  }
}

/** Equal for one and the same file or folder, also renamed. A number is used again once free, hence the time of birth. */
export function identity({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}:${birthtimeMs}`;
}

/** Differs after a write, except for writes so quick that the clock of the file system does not tell them apart. */
export function fingerprint(stats: Stats): string {
  return `${identity(stats)}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
}
