import type { Stats } from 'node:fs';
import type { Problem } from '../../problems.ts';
import { type ObjectReading, readManifest, unreadable } from '../manifests/index.ts';
import { refKey, type SourceRecord } from '../source.ts';
import { readContent } from './content.ts';
import { fingerprint, identity } from './look.ts';

/**
 * A longer text, in characters, is not read for each block of it that is written, but once it has settled: reading this
 * many takes about 0.1 s.
 */
const LONG_TEXT = 256 * 1024;

/**
 * One file and its last good state, which stays in force while the file cannot be read or is empty. An object of it that became wrong
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
    const mayBeHalfWritten = !settled && inPlace && this.#records.length > 0;
    if (mayBeHalfWritten && endsWithinALine(this.path, content.text)) return 'waits';
    const reading = readManifest(content.text, this.path);
    switch (reading.kind) {
      case 'unreadable':
        return this.#refuse(reading.problem, settled);
      case 'empty':
        if (this.#records.length > 0) return this.#refuse(emptiness(this.path), settled);
        this.#take([]);
        return 'taken';
      case 'readable':
        if (mayBeHalfWritten && this.#shrinksTo(reading.objects)) return 'waits';
        this.#take(reading.objects);
        return 'taken';
      default:
        return reading satisfies never;
    }
  }

  /** Whether an object that the file held is not among these, or has lost some of its entries. */
  #shrinksTo(objects: readonly ObjectReading[]): boolean {
    const sizes = new Map(objects.map(({ ref, record }) => [ref && refKey(ref), record && entriesOf(record)]));
    return this.#records.some((before) => {
      const key = refKey(before);
      return !sizes.has(key) || (sizes.get(key) ?? Number.POSITIVE_INFINITY) < entriesOf(before);
    });
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

/** The lists that manifests end with as a rule. */
function entriesOf(record: SourceRecord): number {
  return record.ports.length + (record.kind === 'EndpointSlice' ? record.endpoints.length : 0);
}

function keeping(problem: Problem, what: string): Problem {
  return { ...problem, advice: `${problem.advice} Until then ${what} in force.` };
}

/** A shell empties the file that a command is to fill before it runs the command, however long that takes. */
function emptiness(path: string): Problem {
  return unreadable(path, path, 'It is empty, comments aside.', 'Write its objects, or delete the file.');
}

/**
 * Whether a text that can be read looks like the beginning of a longer one: a writer of many blocks rarely pauses at the
 * end of a line. The beginning of a JSON text cannot be read at all.
 */
function endsWithinALine(path: string, text: string): boolean {
  return !path.endsWith('.json') && !text.endsWith('\n');
}
