import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../../problems.ts';
import { readObject } from '../manifests/index.ts';
import { type ObjectRef, refOf, type SourceChange, type SourceKind, type SourceRecord } from '../source.ts';

/** One object as it was read: small from the start, so that no page of a long list is kept whole. */
export interface Entry {
  readonly ref: ObjectRef;
  /** Missing if the object is of no use; its problems say why. */
  readonly record: SourceRecord | undefined;
  readonly problems: readonly Problem[];
}

/** Cuts an API object down; `undefined` if it does not even have a name, which no API server lets pass. */
export function readEntry(kind: SourceKind, object: unknown): Entry | undefined {
  const { metadata } = (object ?? {}) as { metadata?: { namespace?: unknown; name?: unknown } };
  if (typeof metadata?.namespace !== 'string' || typeof metadata.name !== 'string') return undefined;
  const { record, problems } = readObject(object);
  return { ref: { kind, namespace: metadata.namespace, name: metadata.name }, record, problems };
}

/** The last known state of one collection. Turns what a list or a watch says into true differences. */
export class Store {
  readonly #records = new Map<string, SourceRecord>();
  readonly #problems = new Map<string, readonly Problem[]>();

  #problemsAt = 0;

  records(): readonly SourceRecord[] {
    return [...this.#records.values()];
  }

  /** Takes records that were known before anything was read. */
  assume(records: readonly SourceRecord[]): void {
    for (const record of records) this.#records.set(keyOf(record), record);
  }

  /** Differs from what it was before if `problems` does: these can be many, and most events leave them alone. */
  get problemsVersion(): number {
    return this.#problemsAt;
  }

  /** What is wrong with objects of the collection. */
  problems(): readonly Problem[] {
    return [...this.#problems.values()].flat();
  }

  /** Takes a whole list in place of everything known; `undefined` if nothing differs. */
  replace(entries: readonly Entry[]): SourceChange | undefined {
    const listed = new Set(entries.map(({ ref }) => keyOf(ref)));
    const deletes = this.records().filter((record) => !listed.has(keyOf(record)));
    for (const record of deletes) this.#records.delete(keyOf(record));
    for (const key of this.#problems.keys()) if (!listed.has(key)) this.#report(key, []);
    const changes = entries.map((entry) => this.put(entry)).filter((change) => change !== undefined);
    if (deletes.length === 0 && changes.length === 0) return undefined;
    return {
      upserts: changes.flatMap(({ upserts }) => upserts),
      deletes: [...deletes.map(refOf), ...changes.flatMap((change) => change.deletes)],
    };
  }

  /** An object came or changed; `undefined` if its record is the same as before. An object of no use counts as gone. */
  put(entry: Entry): SourceChange | undefined {
    const key = keyOf(entry.ref);
    this.#report(key, entry.problems);
    const { record } = entry;
    if (record === undefined) return this.#drop(entry.ref);
    if (isDeepStrictEqual(this.#records.get(key), record)) return undefined;
    this.#records.set(key, record);
    return { upserts: [record], deletes: [] };
  }

  /** An object went; `undefined` if it was not known. */
  remove(ref: ObjectRef): SourceChange | undefined {
    this.#report(keyOf(ref), []);
    return this.#drop(ref);
  }

  #report(key: string, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(this.#problems.get(key) ?? [], problems)) return;
    if (problems.length === 0) this.#problems.delete(key);
    else this.#problems.set(key, problems);
    this.#problemsAt += 1;
  }

  #drop(ref: ObjectRef): SourceChange | undefined {
    return this.#records.delete(keyOf(ref)) ? { upserts: [], deletes: [refOf(ref)] } : undefined;
  }
}

function keyOf(ref: ObjectRef): string {
  return `${ref.namespace}/${ref.name}`;
}
