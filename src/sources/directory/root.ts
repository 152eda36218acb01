import { realpathSync, type Stats } from 'node:fs';
import { identity, look } from './look.ts';

/** What is at the watched path now, compared with what was there before. */
export type RootSight =
  | { readonly kind: 'lost' }
  | { readonly kind: 'same'; readonly stats: Stats }
  /** The path leads to another folder, by way of a symbolic link, that was complete before the link was moved. */
  | { readonly kind: 'moved'; readonly stats: Stats }
  /** The folder was made anew, and may still be being filled. */
  | { readonly kind: 'remade'; readonly stats: Stats };

/** Keeps apart the ways in which a folder comes to be another one. */
export class Root {
  readonly #path: string;
  #identity: string | undefined;
  #realPath: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  see(): RootSight {
    const entry = look(this.#path);
    if (entry.kind !== 'folder') {
      this.#identity = undefined;
      return { kind: 'lost' };
    }
    const { stats } = entry;
    const before = this.#identity;
    this.#identity = identity(stats);
    if (before === this.#identity) return { kind: 'same', stats };
    const realPathBefore = this.#realPath;
    this.#realPath = realPathSync(this.#path);
    const moved = before !== undefined && realPathBefore !== this.#realPath;
    return { kind: moved ? 'moved' : 'remade', stats };
  }
}

function realPathSync(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
