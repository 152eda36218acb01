import type { ObjectApi } from '../sources/kubernetes/index.ts';
import { statusOf } from './lease.ts';
import type { Standing } from './standing.ts';

/** Says how many entries are left out. No object has this name, which has no dot. */
const LEFT_OUT = 'left-out';

/** A ConfigMap holds 1 MiB. */
const MOST_BYTES = 800 * 1024;

/** The entries of the status ConfigMap: how each object stands, by `entryName`. */
export class StatusMap {
  readonly #api: ObjectApi;
  readonly #namespace: string;
  readonly #name: string;
  #written: Readonly<Record<string, string>> = {};
  #exists = false;

  constructor(api: ObjectApi, namespace: string, name: string) {
    this.#api = api;
    this.#namespace = namespace;
    this.#name = name;
  }

  /**
   * What was written last, by whichever replica.
   *
   * @returns undefined if nothing ever was, and with whether all there was to say had a place.
   * @throws RequestFailure
   */
  async read(): Promise<{ readonly entries: ReadonlyMap<string, Standing>; readonly complete: boolean } | undefined> {
    const found = await this.#api.get(this.#path).catch((error: unknown) => {
      if (statusOf(error) === 404) return undefined;
      throw error;
    });
    this.#exists = found !== undefined;
    if (found === undefined) return undefined;
    this.#written = (found.data ?? {}) as Record<string, string>;
    const { [LEFT_OUT]: leftOut, ...entries } = this.#written;
    return {
      entries: new Map(Object.entries(entries).flatMap(([name, text]) => parsed(name, text))),
      complete: leftOut === undefined,
    };
  }

  /**
   * Writes what differs from what was written last.
   *
   * @throws RequestFailure
   */
  async write(entries: ReadonlyMap<string, Standing>): Promise<void> {
    const now = texts(entries);
    const gone = Object.keys(this.#written).filter((name) => !(name in now));
    const changed = Object.entries(now).filter(([name, text]) => this.#written[name] !== text);
    const data = Object.fromEntries([...gone.map((name) => [name, null] as const), ...changed]);
    if (!this.#exists) {
      const object = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: this.#name, namespace: this.#namespace },
        data: now,
      };
      await this.#api.send('APPLY', `${this.#path}?fieldManager=shunt&force=true`, object);
      this.#exists = true;
    } else if (gone.length + changed.length > 0) {
      await this.#api.send('MERGE', this.#path, { data }).catch((error: unknown) => {
        // Somebody has deleted it; the next attempt makes it anew.
        if (statusOf(error) === 404) this.#exists = false;
        throw error;
      });
    }
    this.#written = now;
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#namespace}/configmaps/${this.#name}`;
  }
}

function texts(entries: ReadonlyMap<string, Standing>): Readonly<Record<string, string>> {
  const data: Record<string, string> = {};
  let bytes = 0;
  let leftOut = 0;
  for (const name of [...entries.keys()].sort()) {
    const text = JSON.stringify(entries.get(name));
    bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
    if (bytes > MOST_BYTES) leftOut += 1;
    else data[name] = text;
  }
  return leftOut === 0 ? data : { ...data, [LEFT_OUT]: `${leftOut}` };
}

/** Somebody may have written into it. */
function parsed(name: string, text: string): readonly (readonly [string, Standing])[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? [[name, value as Standing]] : [];
  } catch {
    return [];
  }
}
