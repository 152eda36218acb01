import type { Problem } from '../../problems.ts';
import { type ObjectRef, refKey, refOf, type SourceChange, type SourceRecord, sameButForPlace } from '../source.ts';

interface Candidate {
  readonly record: SourceRecord;
  readonly file: string;
  /** Within the file. */
  readonly position: number;
}

/**
 * The objects of all files by name. Where several files hold an object of the same name, the older counts
 * (`creationTimestamp`; one that has none counts as younger than all that have), then the first in file order.
 *
 * A record is delivered again only if it differs in more than its place, so that a line added at the top of a file does
 * not make news of every object below it. Its place in later messages may then be off by those lines.
 */
export class ObjectIndex {
  readonly #candidates = new Map<string, readonly Candidate[]>();
  readonly #keysByFile = new Map<string, ReadonlySet<string>>();
  readonly #delivered = new Map<string, SourceRecord>();
  /** What is told of an object's losing candidates, by its key. */
  readonly #losers = new Map<string, readonly { readonly file: string; readonly problem: Problem }[]>();
  readonly #losesByFile = new Map<string, Set<string>>();
  #affected = new Set<string>();

  /** Replaces all that a file holds; nothing for a file that is gone. */
  replace(file: string, records: readonly SourceRecord[]): void {
    for (const key of this.#keysByFile.get(file) ?? []) {
      const others = this.#candidates.get(key)!.filter((candidate) => candidate.file !== file);
      if (others.length === 0) this.#candidates.delete(key);
      else this.#candidates.set(key, others);
      this.#affected.add(key);
    }
    for (const [position, record] of records.entries()) {
      const key = refKey(record);
      this.#candidates.set(key, [...(this.#candidates.get(key) ?? []), { record, file, position }]);
      this.#affected.add(key);
    }
    if (records.length === 0) this.#keysByFile.delete(file);
    else this.#keysByFile.set(file, new Set(records.map(refKey)));
  }

  /** Whether the next change would delete an object. */
  get deletes(): boolean {
    return [...this.#affected].some((key) => this.#isGone(key));
  }

  #isGone(key: string): boolean {
    return !this.#candidates.has(key) && this.#delivered.has(key);
  }

  /**
   * What differs from all changes taken before, and the files about whose duplicates there may be something new to say.
   *
   * @param deletions whether they are taken too, or left for the next time.
   */
  take(deletions: boolean): { readonly change: SourceChange; readonly files: ReadonlySet<string> } {
    const upserts: SourceRecord[] = [];
    const deletes: ObjectRef[] = [];
    const files = new Set<string>();
    const left = new Set(deletions ? [] : [...this.#affected].filter((key) => this.#isGone(key)));
    for (const key of this.#affected) {
      if (left.has(key)) continue;
      const [winner, ...losers] = [...(this.#candidates.get(key) ?? [])].sort(byPrecedence);
      const before = this.#delivered.get(key);
      if (winner === undefined) {
        if (before !== undefined) deletes.push(refOf(before));
        this.#delivered.delete(key);
      } else if (before === undefined || !sameButForPlace(before, winner.record)) {
        upserts.push(winner.record);
        this.#delivered.set(key, winner.record);
      }
      for (const { file } of this.#losers.get(key) ?? []) {
        this.#losesByFile.get(file)?.delete(key);
        files.add(file);
      }
      this.#losers.delete(key);
      if (winner === undefined || losers.length === 0) continue;
      this.#losers.set(
        key,
        losers.map((loser) => ({ file: loser.file, problem: duplicate(loser, winner) })),
      );
      for (const { file } of losers) {
        this.#losesByFile.set(file, (this.#losesByFile.get(file) ?? new Set()).add(key));
        files.add(file);
      }
    }
    this.#affected = left;
    return { change: { upserts, deletes }, files };
  }

  /** What is to be told of the file's objects that do not count. */
  duplicatesIn(file: string): readonly Problem[] {
    const keys = [...(this.#losesByFile.get(file) ?? [])];
    return keys.flatMap((key) =>
      this.#losers
        .get(key)!
        .filter((loser) => loser.file === file)
        .map(({ problem }) => problem),
    );
  }
}

function byPrecedence(a: Candidate, b: Candidate): number {
  const age = createdAt(a) - createdAt(b);
  if (age !== 0 && !Number.isNaN(age)) return age;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.position - b.position;
}

function createdAt({ record }: Candidate): number {
  return (record.kind === 'EndpointSlice' ? undefined : record.createdAt) ?? Number.POSITIVE_INFINITY;
}

function duplicate(loser: Candidate, winner: Candidate): Problem {
  const reason = createdAt(winner) === createdAt(loser) ? 'comes first' : 'is older';
  return {
    code: 'object-duplicate',
    object: refKey(loser.record),
    place: loser.record.place,
    message: `It stands at ${winner.record.place} too, which counts since it ${reason}.`,
    advice: 'Delete one of the two, or give it a name of its own.',
  };
}
