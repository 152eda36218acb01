import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { ManifestFile } from './manifest-file.ts';

/** A watched folder and what is known to be in it. */
export interface Folder {
  /** Relative to the root, whose own is empty. */
  readonly path: string;
  readonly parent: Folder | undefined;
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, FileEntry>;
  identity: string;
  watcher: FSWatcher | undefined;
  /** Whether it could not be watched or read when last looked at. */
  troubled: boolean;
}

export interface FileEntry {
  readonly file: ManifestFile;
  /** Sees the target of a link change, which its folder's watch does not. */
  watcher: FSWatcher | undefined;
}

export function newFolder(name: string, parent: Folder | undefined, identity: string): Folder {
  return {
    path: join(parent?.path ?? '', name),
    parent,
    folders: new Map(),
    files: new Map(),
    identity,
    watcher: undefined,
    troubled: false,
  };
}

/** Whether the folder is, or lies in, the one of this identity; a link to such a one would lead round in circles. */
export function isWithin(folder: Folder | undefined, identity: string): boolean {
  return folder !== undefined && (folder.identity === identity || isWithin(folder.parent, identity));
}
