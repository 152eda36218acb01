import type { ObjectApi } from '../sources/kubernetes/index.ts';
import { statusOf } from './lease.ts';
import type { Report } from './reports.ts';
import type { Standing } from './standing.ts';

/** Says how many entries are left out. No object has this name, which has no dot. */
const LEFT_OUT = 'left-out';
/** What other replicas report. No object has such a name, which has a `_`. */
const REPLICA = 'replica_';

/** A ConfigMap holds 1 MiB, of which reports may have a part. */
const MOST_BYTES = 700 * 1024;
/** Of reports: a replica that has not said anything for so long is gone. */
const SILENT_MS = 60_000;
/** A replica says something after this time, if only that it is there. */
const BEAT_MS = 20_000;

/** What the ConfigMap holds. */
export interface Memory {
  /** How objects stood when it was written last, by `entryName`. */
  readonly entries: ReadonlyMap<string, Standing>;
  /** Whether all that there was to say had a place. */
  readonly complete: boolean;
}

/** The status ConfigMap: how each object stands, by the replica that has the Lease, and what the others report to that one. */
export class StatusMap {
  readonly #api: ObjectApi;
  readonly #path: string;
  readonly #identity: { readonly namespace: string; readonly name: string };
  /** Under which this replica reports. */
  readonly #own: string;
  readonly #now: () => number;
  #written: Readonly<Record<string, string>> = {};
  #exists = false;
  #reported: { readonly text: string; readonly at: number } | undefined;
  #beats = 0;
  readonly #observed = new Map<string, { readonly text: string; readonly at: number }>();

  /**
   * @param replica unique among the replicas, in letters, digits, `-`, `_` and dots.
   * @param now milliseconds of a clock that is never set.
   */
  constructor(api: ObjectApi, namespace: string, name: string, replica: string, now: () => number) {
    this.#api = api;
    this.#path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
    this.#identity = { namespace, name };
    this.#own = `${REPLICA}${replica}`.slice(0, 253);
    this.#now = now;
  }

  /**
   * Reads what was written last, by whichever replica.
   *
   * @returns undefined if nothing ever was.
   * @throws RequestFailure
   */
  async read(): Promise<Memory | undefined> {
    const found = await this.#api.get(this.#path).catch((error: unknown) => {
      if (statusOf(error) === 404) return undefined;
      throw error;
    });
    this.#exists = found !== undefined;
    const all = Object.entries((found?.data ?? {}) as Readonly<Record<string, string>>);
    this.#observe(new Map(all.filter(([name]) => name.startsWith(REPLICA))));
    if (found === undefined) return undefined;
    this.#written = Object.fromEntries(all.filter(([name]) => !name.startsWith(REPLICA)));
    const { [LEFT_OUT]: leftOut, ...entries } = this.#written;
    const standings = Object.entries(entries).flatMap(([name, text]) => {
      const standing = parsed(text);
      return !isStanding(standing) ? [] : [[name, standing] as const];
    });
    return { entries: new Map(standings), complete: leftOut === undefined };
  }

  /** Of the other replicas that are there, as of the last time that it was read. */
  reports(): readonly Report[] {
    return [...this.#observed].flatMap(([name, { text }]) => {
      const report = name === this.#own || this.#isSilent(name) ? undefined : parsed(text);
      return isReport(report) ? [report] : [];
    });
  }

  /**
   * Writes what differs from what was written last, and takes out the reports of replicas that are gone.
   *
   * @throws RequestFailure
   */
  async write(entries: ReadonlyMap<string, Standing>): Promise<void> {
    const now = texts(entries);
    const silent = [...this.#observed.keys()].filter((name) => name === this.#own || this.#isSilent(name));
    const gone = [...Object.keys(this.#written).filter((name) => !(name in now)), ...silent];
    const changed = Object.entries(now).filter(([name, text]) => this.#written[name] !== text);
    if (!this.#exists) {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: this.#identity, data: now };
      await this.#api.send('APPLY', `${this.#path}?fieldManager=shunt&force=true`, object);
      this.#exists = true;
    } else if (gone.length + changed.length > 0) {
      await this.#merge(Object.fromEntries([...gone.map((name) => [name, null] as const), ...changed]));
    }
    this.#written = now;
    for (const name of silent) this.#observed.delete(name);
    this.#reported = undefined;
  }

  /**
   * Tells the replica that has the Lease how things stand here, where that is not known; nothing if there is nothing to tell,
   * or nobody to have made the ConfigMap yet.
   *
   * @throws RequestFailure
   */
  async report(report: Report | undefined): Promise<void> {
    if (report === undefined && this.#reported === undefined) return;
    const text = JSON.stringify(report);
    const now = this.#now();
    const known = this.#reported;
    if (known !== undefined && known.text === text && now - known.at < BEAT_MS) return;
    this.#beats += 1;
    try {
      // Differs each time, so that it can be told from that of a replica that is gone.
      await this.#merge({
        [this.#own]: report === undefined ? null : JSON.stringify({ ...report, beat: this.#beats }),
      });
      this.#reported = report === undefined ? undefined : { text, at: now };
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  async #merge(data: Readonly<Record<string, string | null>>): Promise<void> {
    try {
      await this.#api.send('MERGE', this.#path, { data });
    } catch (error) {
      // Somebody has deleted it; who has the Lease makes it anew.
      if (statusOf(error) === 404) this.#exists = false;
      throw error;
    }
  }

  #observe(reports: ReadonlyMap<string, string>): void {
    for (const name of [...this.#observed.keys()]) if (!reports.has(name)) this.#observed.delete(name);
    for (const [name, text] of reports) {
      if (this.#observed.get(name)?.text !== text) this.#observed.set(name, { text, at: this.#now() });
    }
  }

  #isSilent(name: string): boolean {
    return this.#now() - this.#observed.get(name)!.at >= SILENT_MS;
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

/** Somebody may have written into it: then it is as if it were not there. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isStanding(value: unknown): value is Standing {
  const { problems = [] } = fieldsOf(value) ?? { problems: undefined };
  return fieldsOf(value) !== undefined && Array.isArray(problems);
}

function isReport(value: unknown): value is Report {
  const { gateways, previews, refusals } = fieldsOf(value) ?? {};
  return (
    typeof gateways === 'number' &&
    Object.values(fieldsOf(previews) ?? { none: undefined }).every(Array.isArray) &&
    Array.isArray(refusals) &&
    refusals.every((each) => typeof fieldsOf(each)?.object === 'string')
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}
