import { readdirSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import type { Problem } from '../../problems.ts';
import { isHidden, isManifestName } from './entry-name.ts';
import { type Folder, isWithin, newFolder } from './folder.ts';
import { watchPath } from './folder-watch.ts';
import { fingerprint, identity, look } from './look.ts';
import { ManifestFile } from './manifest-file.ts';

/** What a `FolderTree` tells. */
export interface TreeListener {
  /** Something happened: `catchUp` is due, once for all that happens in one turn of the event loop. */
  touched(): void;
  /** The file is there, and may have changed. Nothing is seen of it where that is forbidden. */
  present(file: ManifestFile, stats: Stats | undefined): void;
  gone(file: ManifestFile): void;
  /** An entry that was touched is not there. */
  missed(): void;
  /** All that is wrong with a folder of this path at present. */
  trouble(path: string, problems: readonly Problem[]): void;
}

/** A symbolic link to a file or folder, and what it led to when last seen. */
interface Link {
  readonly folder: Folder;
  readonly name: string;
  readonly target: string;
}

/**
 * The files and folders below a root, kept up to date entry by entry: an event costs a look at the entry that it names.
 * Links are followed, and all of them looked at when a link or a dot entry changes (a mounted ConfigMap changes by its
 * link `..data` only).
 */
export class FolderTree {
  readonly #root: string;
  readonly #listener: TreeListener;
  readonly #top = newFolder('', undefined, '');
  readonly #links = new Map<string, Link>();
  #touched = new Map<Folder, Set<string>>();
  #linksTouched = false;

  constructor(root: string, listener: TreeListener) {
    this.#root = root;
    this.#listener = listener;
  }

  /** Looks at everything, as is due at first and when the root may be another folder than it was. */
  scan(rootStats: Stats): void {
    this.#touched.clear();
    this.#top.identity = identity(rootStats);
    this.#look(this.#top);
    this.#lookAtLinks();
  }

  /** Looks at what was touched since the last time. */
  catchUp(): void {
    const touched = this.#touched;
    this.#touched = new Map();
    for (const [folder, names] of touched) {
      for (const name of names) if (this.#holds(folder)) this.#refresh(folder, name);
    }
    if (this.#linksTouched) this.#lookAtLinks();
  }

  /**
   * Compares everything with what is on disk, since the kernel drops events when too many come, and touches what differs.
   * Yields before each entry, so that it can be done in slices.
   */
  compare(): Generator<void> {
    return this.#compare(this.#top);
  }

  close(): void {
    this.#close(this.#top);
  }

  *#compare(folder: Folder): Generator<void> {
    if (folder.watcher === undefined) this.#watch(folder);
    for (const name of this.#names(folder)) {
      yield;
      if (!this.#holds(folder)) return;
      const sub = folder.folders.get(name);
      if (this.#differs(folder, name)) this.#touch(folder, name);
      else if (sub !== undefined) yield* this.#compare(sub);
    }
  }

  #differs(folder: Folder, name: string): boolean {
    if (isHidden(name)) return false;
    const entry = look(this.#absolute(folder, name));
    const sub = folder.folders.get(name);
    const file = folder.files.get(name)?.file;
    switch (entry.kind) {
      case 'folder':
        return sub?.identity !== identity(entry.stats) || sub.troubled;
      case 'file':
        return sub !== undefined || (isManifestName(name) && !file?.isAsRead(entry.stats));
      case 'unknown':
        return isManifestName(name) && !file?.isAsRead(undefined);
      case 'nothing':
      case 'other':
        return sub !== undefined || file !== undefined;
      default:
        return entry satisfies never;
    }
  }

  /** Whether the folder is still part of the tree. */
  #holds(folder: Folder): boolean {
    const { parent, path } = folder;
    return parent === undefined || (parent.folders.get(basename(path)) === folder && this.#holds(parent));
  }

  /** Watches a folder anew, and refreshes its entries, the known and the present. */
  #look(folder: Folder): void {
    this.#watch(folder);
    for (const name of this.#names(folder)) this.#refresh(folder, name);
  }

  /** Known and present entries, in order. */
  #names(folder: Folder): readonly string[] {
    const names = new Set([...folder.folders.keys(), ...folder.files.keys()]);
    try {
      for (const name of readdirSync(this.#absolute(folder))) names.add(name);
      if (folder.watcher !== undefined) this.#untroubled(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#troubled(folder, 'read', error as Error);
    }
    return [...names].sort();
  }

  #refresh(folder: Folder, name: string): void {
    if (isHidden(name)) return;
    const entry = look(this.#absolute(folder, name));
    const linked = 'stats' in entry && entry.linked;
    switch (entry.kind) {
      case 'folder':
        this.#dropFile(folder, name);
        if (linked && isWithin(folder, identity(entry.stats))) this.#dropFolder(folder, name);
        else this.#refreshFolder(folder, name, entry.stats);
        break;
      case 'file':
        this.#dropFolder(folder, name);
        if (isManifestName(name)) this.#refreshFile(folder, name, entry.stats, linked);
        break;
      case 'unknown':
        if (isManifestName(name)) this.#refreshFile(folder, name, undefined, false);
        break;
      case 'nothing':
      case 'other':
        this.#listener.missed();
        this.#dropFile(folder, name);
        this.#dropFolder(folder, name);
        break;
      default:
        entry satisfies never;
    }
    this.#noteLink(folder, name, linked ? entry.stats : undefined);
  }

  #refreshFolder(folder: Folder, name: string, stats: Stats): void {
    const sub = folder.folders.get(name) ?? newFolder(name, folder, '');
    sub.identity = identity(stats);
    folder.folders.set(name, sub);
    this.#look(sub);
  }

  #refreshFile(folder: Folder, name: string, stats: Stats | undefined, linked: boolean): void {
    const entry = folder.files.get(name) ?? { file: new ManifestFile(join(folder.path, name)), watcher: undefined };
    folder.files.set(name, entry);
    if (!linked || !entry.file.isAsRead(stats)) {
      entry.watcher?.close();
      entry.watcher = undefined;
    }
    if (linked && entry.watcher === undefined) {
      const unwatched = () => undefined;
      entry.watcher = watchPath(this.#absolute(folder, name), () => this.#touch(folder, name), unwatched);
    }
    this.#listener.present(entry.file, stats);
  }

  #dropFile(folder: Folder, name: string): void {
    const entry = folder.files.get(name);
    if (entry === undefined) return;
    folder.files.delete(name);
    entry.watcher?.close();
    this.#listener.gone(entry.file);
  }

  #dropFolder(folder: Folder, name: string): void {
    const sub = folder.folders.get(name);
    if (sub === undefined) return;
    folder.folders.delete(name);
    this.#untroubled(sub);
    this.#close(sub);
    for (const below of [...sub.folders.keys()]) this.#dropFolder(sub, below);
    for (const below of [...sub.files.keys()]) this.#dropFile(sub, below);
  }

  #close(folder: Folder): void {
    folder.watcher?.close();
    folder.watcher = undefined;
    this.#touched.delete(folder);
    for (const [name, { watcher }] of folder.files) {
      watcher?.close();
      this.#links.delete(join(folder.path, name));
    }
    for (const [name, sub] of folder.folders) {
      this.#links.delete(join(folder.path, name));
      this.#close(sub);
    }
  }

  #noteLink(folder: Folder, name: string, stats: Stats | undefined): void {
    const path = join(folder.path, name);
    if (stats !== undefined || this.#links.has(path)) this.#linksTouched = true;
    if (stats === undefined) this.#links.delete(path);
    else this.#links.set(path, { folder, name, target: targetOf(stats) });
  }

  #lookAtLinks(): void {
    for (const { folder, name, target } of this.#links.values()) {
      const entry = look(this.#absolute(folder, name));
      if (!('stats' in entry) || targetOf(entry.stats) !== target) this.#refresh(folder, name);
    }
    this.#linksTouched = false;
  }

  #watch(folder: Folder): void {
    folder.watcher?.close();
    folder.watcher = watchPath(
      this.#absolute(folder),
      (name) => this.#touch(folder, name),
      (error) => {
        folder.watcher = undefined;
        this.#troubled(folder, 'watched', error);
      },
    );
  }

  #touch(folder: Folder, name: string | null): void {
    const touched = this.#touched.get(folder) ?? new Set();
    this.#touched.set(folder, touched);
    for (const each of name === null ? this.#names(folder) : [name]) {
      touched.add(each);
      if (isHidden(each)) this.#linksTouched = true;
    }
    this.#listener.touched();
  }

  #troubled(folder: Folder, what: 'watched' | 'read', { message }: Error): void {
    folder.troubled = true;
    this.#listener.trouble(folder.path, [
      {
        code: 'source-unreachable',
        object: `folder ${this.#absolute(folder)}`,
        message: `It cannot be ${what} (${message}).`,
        advice:
          what === 'read'
            ? 'Give the user that Shunt runs as permission to read it. Until then what it held before stays in force.'
            : 'Raise the limit fs.inotify.max_user_watches. Until then changes in it are seen late.',
      },
    ]);
  }

  #untroubled(folder: Folder): void {
    if (!folder.troubled) return;
    folder.troubled = false;
    this.#listener.trouble(folder.path, []);
  }

  #absolute(folder: Folder, name = ''): string {
    return join(this.#root, folder.path, name);
  }
}

/** A folder's times change with its entries, which its watch sees; a file's content changes with its times. */
function targetOf(stats: Stats): string {
  return stats.isDirectory() ? identity(stats) : fingerprint(stats);
}
