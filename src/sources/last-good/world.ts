import type { SourceChange, SourceRecord } from '../source.ts';
import { refKey, refOf, sameButForPlace } from '../source.ts';

/** All that a source has said until now. */
export class World {
  readonly #records = new Map<string, SourceRecord>();

  constructor(records: readonly SourceRecord[] = []) {
    for (const record of records) this.#records.set(refKey(record), record);
  }

  records(): readonly SourceRecord[] {
    return [...this.#records.values()];
  }

  apply({ upserts, deletes }: SourceChange): void {
    for (const ref of deletes) this.#records.delete(refKey(ref));
    for (const record of upserts) this.#records.set(refKey(record), record);
  }

  /** What makes another world out of this one. */
  differenceTo(other: World): SourceChange {
    const upserts = other.records().filter((record) => {
      const known = this.#records.get(refKey(record));
      return known === undefined || !sameButForPlace(known, record);
    });
    const deletes = this.records().filter((record) => !other.#records.has(refKey(record)));
    return { upserts, deletes: deletes.map(refOf) };
  }
}
