import { readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../../problems.ts';
import type { Source, SourceSink } from '../source.ts';
import { FolderTree, type TreeListener } from './folder-tree.ts';
import { look } from './look.ts';
import type { ManifestFile } from './manifest-file.ts';
import { ObjectIndex } from './object-index.ts';
import { Root } from './root.ts';
import { RootWatch } from './root-watch.ts';
import { Steadiness } from './steadiness.ts';

export interface DirectoryOptions {
  /**
   * How long a file that looks half written, or a folder that was made anew, is left alone before it is taken as it is,
   * in milliseconds. What can be read is in force at once.
   */
  readonly settleMs?: number;
  /** How often all is compared with the disk, for events that the kernel dropped, in milliseconds. */
  readonly rescanMs?: number;
}

/** Entries compared in one turn of the event loop: about a millisecond. */
const RESCAN_SLICE = 100;

/** How many times a folder that was made anew may go on changing before it is taken as it is. */
const LONGEST_REMAKING = 20;

export class DirectorySource implements Source, TreeListener {
  readonly #path: string;
  readonly #settleMs: number;
  readonly #rescanMs: number;
  readonly #tree: FolderTree;
  readonly #root: Root;
  readonly #index = new ObjectIndex();
  readonly #steadiness: Steadiness;
  #rootWatch: RootWatch | undefined;
  #rootTouched = false;
  #sink: SourceSink | undefined;
  #delivered = false;
  #due: NodeJS.Immediate | undefined;

  readonly #files = new Map<string, ManifestFile>();
  readonly #present = new Map<ManifestFile, Stats | undefined>();
  readonly #settling = new Map<ManifestFile, NodeJS.Timeout>();
  /** Paths of files of which there may be something new to tell. */
  readonly #toTell = new Set<string>();
  readonly #told = new Map<string, readonly Problem[]>();

  #lost: NodeJS.Timeout | undefined;
  /** Set while a folder that was made anew is being filled: nothing is delivered. */
  #remaking: NodeJS.Timeout | undefined;
  #active = false;
  #rescan: NodeJS.Timeout | undefined;

  constructor(path: string, { settleMs = 150, rescanMs = 30_000 }: DirectoryOptions) {
    this.#path = path;
    this.#settleMs = settleMs;
    this.#rescanMs = rescanMs;
    this.#tree = new FolderTree(path, this);
    this.#root = new Root(path);
    this.#steadiness = new Steadiness(path, () => this.#catchUp());
  }

  async check(): Promise<void> {
    assertFolder(this.#path);
  }

  async start(sink: SourceSink): Promise<void> {
    assertFolder(this.#path);
    this.#sink = sink;
    this.#rootWatch = new RootWatch(this.#path, () => {
      this.#rootTouched = true;
      this.touched();
    });
    const sight = this.#root.see();
    if (sight.kind !== 'lost') this.#tree.scan(sight.stats);
    this.#readFiles(true);
    this.#deliver();
    this.#scheduleRescan();
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    this.#rootWatch?.close();
    this.#tree.close();
    clearImmediate(this.#due);
    for (const timer of [this.#lost, this.#remaking, this.#rescan, ...this.#settling.values()]) clearTimeout(timer);
  }

  touched(): void {
    this.#active = true;
    this.#schedule();
  }

  present(file: ManifestFile, stats: Stats | undefined): void {
    this.#files.set(file.path, file);
    this.#present.set(file, stats);
  }

  gone(file: ManifestFile): void {
    this.#files.delete(file.path);
    this.#present.delete(file);
    this.#unsettle(file);
    this.#index.replace(file.path, []);
    this.#toTell.add(file.path);
  }

  missed(): void {
    this.#steadiness.missed();
  }

  trouble(path: string, problems: readonly Problem[]): void {
    this.#tell(`folder ${path || '.'}`, problems);
  }

  /** All events of one turn of the event loop make one change: a rename is two. */
  #schedule(): void {
    this.#due ??= setImmediate(() => this.#catchUp());
  }

  #catchUp(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
    if (this.#sink === undefined) return;
    const sight = this.#root.see();
    if (sight.kind === 'lost') {
      this.#lost ??= this.#after(this.#settleMs, () => this.#tellLost());
      return;
    }
    clearTimeout(this.#lost);
    this.#lost = undefined;
    this.#tell('folder', []);
    if (sight.kind === 'remade') this.#awaitRemaking(LONGEST_REMAKING);
    if (sight.kind !== 'same' || this.#rootTouched) this.#tree.scan(sight.stats);
    else this.#tree.catchUp();
    this.#rootTouched = false;
    this.#readFiles(false);
    this.#deliver();
  }

  #readFiles(settled: boolean): void {
    for (const [file, stats] of this.#present) this.#readFile(file, stats, settled);
    this.#present.clear();
  }

  #readFile(file: ManifestFile, stats: Stats | undefined, settled: boolean): void {
    this.#unsettle(file);
    const outcome = file.read(join(this.#path, file.path), stats, settled);
    switch (outcome) {
      case 'waits':
        this.#settling.set(
          file,
          this.#after(this.#settleMs, () => this.#settle(file)),
        );
        break;
      case 'taken':
        this.#index.replace(file.path, file.records);
        this.#toTell.add(file.path);
        break;
      case 'gone':
        this.#steadiness.missed();
        break;
      default:
        outcome satisfies never;
    }
  }

  /** It was left alone, unless it changed meanwhile and the event is still to come. */
  #settle(file: ManifestFile): void {
    const entry = look(join(this.#path, file.path));
    if (entry.kind === 'file' || entry.kind === 'unknown') {
      const stats = 'stats' in entry ? entry.stats : undefined;
      this.#readFile(file, stats, file.isAsRead(stats));
    }
    this.#deliver();
  }

  #unsettle(file: ManifestFile): void {
    clearTimeout(this.#settling.get(file));
    this.#settling.delete(file);
  }

  #deliver(): void {
    if (this.#remaking !== undefined || this.#lost !== undefined) return;
    const verdict = this.#index.deletes ? this.#steadiness.judge() : 'all';
    if (verdict === 'nothing') return;
    const { change, files } = this.#index.take(verdict === 'all');
    if (!this.#delivered || change.upserts.length > 0 || change.deletes.length > 0) this.#sink?.changed(change);
    this.#delivered = true;
    for (const path of files) this.#toTell.add(path);
    for (const path of this.#toTell) {
      const problems = this.#files.get(path)?.problems ?? [];
      this.#tell(`file ${path}`, [...problems, ...this.#index.duplicatesIn(path)]);
    }
    this.#toTell.clear();
  }

  #awaitRemaking(rounds: number): void {
    clearTimeout(this.#remaking);
    this.#active = false;
    this.#remaking = this.#after(this.#settleMs, () => {
      this.#remaking = undefined;
      if (this.#active && rounds > 1) this.#awaitRemaking(rounds - 1);
      else this.#deliver();
    });
  }

  #tellLost(): void {
    this.#tell('folder', [
      {
        code: 'source-unreachable',
        object: `folder ${this.#path}`,
        message: 'It is not there, or is no folder, any more.',
        advice: 'Make it again. Until then the objects of the files that it was last seen to hold stay in force.',
      },
    ]);
  }

  #tell(origin: string, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(this.#told.get(origin) ?? [], problems)) return;
    if (problems.length === 0) this.#told.delete(origin);
    else this.#told.set(origin, problems);
    this.#sink?.problems(origin, problems);
  }

  #scheduleRescan(): void {
    this.#rescan = this.#after(this.#rescanMs, () => this.#compare(this.#tree.compare()));
  }

  #compare(entries: Generator<void>): void {
    if (this.#sink === undefined) return;
    for (let count = 0; count < RESCAN_SLICE; count += 1) {
      if (!entries.next().done) continue;
      this.#schedule();
      this.#scheduleRescan();
      return;
    }
    setImmediate(() => this.#compare(entries));
  }

  #after(ms: number, act: () => void): NodeJS.Timeout {
    return setTimeout(act, ms).unref();
  }
}

function assertFolder(path: string): void {
  const entry = look(path);
  if (entry.kind === 'nothing') {
    throw new Error(`The folder ${path} does not exist. Make it, or name the one that holds the manifests.`);
  }
  if (entry.kind === 'file' || entry.kind === 'other') {
    throw new Error(`${path} is not a folder. Name the folder that holds the manifests.`);
  }
  try {
    readdirSync(path);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`The folder ${path} cannot be read (${message}). Give the user that Shunt runs as permission.`);
  }
}
