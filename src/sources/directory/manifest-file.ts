import type { Stats } from 'node:fs';
import type { Problem } from '../../problems.ts';
import { type ObjectReading, readManifest } from '../manifests/index.ts';
import { refKey, type SourceRecord } from '../source.ts';
import { readContent } from './content.ts';
import { fingerprint, identity } from './look.ts';

/**
 * A longer text, in characters, is not read for each block of it that is written, but once it has settled: reading this
 * many takes about 0.1 s.
 */
const LONG_TEXT = 256 * 1024;

/**
 * One file and its last good state, which stays in force while the file cannot be read. An object of it that became wrong
 * keeps its last good state too, as one whose update the Kubernetes API refuses would.
 */
export class ManifestFile {
  /** Relative to the watched folder. */
  readonly path: string;
  #records: readonly SourceRecord[] = [];
  #problems: readonly Problem[] = [];
  #identity: string | undefined;
  #fingerprint: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  get records(): readonly SourceRecord[] {
    return this.#records;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Whether what is seen of the file now is what was seen when it was last read. */
  isAsRead(stats: Stats | undefined): boolean {
    return this.#fingerprint === (stats && fingerprint(stats));
  }

  /**
   * Reads the file again.
   *
   * @param stats what was just seen of it, unless that was forbidden.
   * @param settled whether it has been left alone for a while; until then it may be half written.
   * @returns `waits` if its writer should be given time, in which case nothing has changed.
   */
  read(absolutePath: string, stats: Stats | undefined, settled: boolean): 'taken' | 'waits' | 'gone' {
    const inPlace = stats !== undefined && this.#identity === identity(stats);
    const isNew = this.#identity === undefined;
    this.#identity = stats && identity(stats);
    this.#fingerprint = stats && fingerprint(stats);
    const content = readContent(absolutePath, this.path, stats);
    switch (content.kind) {
      case 'gone':
        return 'gone';
      case 'failed':
        return this.#refuse(content.problem, settled);
      case 'text':
        break;
      default:
        return content satisfies never;
    }
    if (!settled && (inPlace || isNew) && content.text.length > LONG_TEXT) return 'waits';
    if (!settled && this.#records.length > 0 && mayBeHalfWritten(this.path, content.text, inPlace)) return 'waits';
    const reading = readManifest(content.text, this.path);
    if (reading.kind === 'unreadable') return this.#refuse(reading.problem, settled);
    this.#take(reading.objects);
    return 'taken';
  }

  #refuse(problem: Problem, settled: boolean): 'taken' | 'waits' {
    if (!settled) return 'waits';
    this.#problems = [this.#records.length === 0 ? problem : keeping(problem, 'the objects that it held before stay')];
    return 'taken';
  }

  #take(objects: readonly ObjectReading[]): void {
    const lastGood = new Map(this.#records.map((record) => [refKey(record), record]));
    for (const { record } of objects) if (record !== undefined) lastGood.delete(refKey(record));
    const records: SourceRecord[] = [];
    const problems: Problem[] = [];
    for (const { record, ref, problems: own } of objects) {
      const kept = record === undefined && ref !== undefined ? lastGood.get(refKey(ref)) : undefined;
      if (record !== undefined) records.push(record);
      if (kept !== undefined) records.push(kept);
      problems.push(...(kept === undefined ? own : own.map((each) => keeping(each, 'its last good state stays'))));
    }
    this.#records = records;
    this.#problems = problems;
  }
}

function keeping(problem: Problem, what: string): Problem {
  return { ...problem, advice: `${problem.advice} Until then ${what} in force.` };
}

/**
 * Whether a text that can be read may be the beginning of a longer one: an empty file is what truncation leaves, and a
 * writer of many blocks rarely pauses at the end of a line. The beginning of a JSON text cannot be read at all.
 */
function mayBeHalfWritten(path: string, text: string, inPlace: boolean): boolean {
  return text === '' || (inPlace && !path.endsWith('.json') && !text.endsWith('\n'));
}
