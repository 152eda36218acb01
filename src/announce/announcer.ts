import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../problems.ts';
import type { ObjectApi } from '../sources/kubernetes/index.ts';
import type { PreviewStatus } from '../status/index.ts';
import { EventWriter } from './event-writer.ts';
import { Lease, statusOf } from './lease.ts';
import { reportOf, withReports } from './reports.ts';
import { announcements, carriedOn, entryName, type Standing, standings } from './standing.ts';
import { type Memory, StatusMap } from './status-map.ts';

export interface AnnouncerOptions {
  readonly api: ObjectApi;
  /** Where the Lease and the status ConfigMap are. */
  readonly namespace: string;
  /** Of the Lease; the ConfigMap's ends in `-previews`. */
  readonly name: string;
  /** How things stand at present. */
  readonly previews: () => readonly PreviewStatus[];
  readonly problems: () => readonly Problem[];
  /** How many are connected to this replica. */
  readonly gateways: () => number;
  /** Where is told what cannot be written; replaces what was told of the same origin before. */
  readonly report: (origin: string, problems: readonly Problem[]) => void;
  readonly log: { info(fields: object, sentence: string): void };
}

/** What happens within a second is told together; and looking takes a tenth of the time at most, whatever there is. */
const PAUSE_MS = 1_000;
const REST = 10;
const PAUSE_AFTER_FAILURE_MS = 10_000;
/** How often the reports of other replicas are read though nothing is waited for. */
const READ_MS = 5_000;

/** Tells owners in the cluster how their objects stand, while no other replica does. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #lease: Lease;
  readonly #events: EventWriter;
  readonly #status: StatusMap;
  #stopped = false;
  #since = 0;
  /** While this replica has the Lease. */
  #term: Term | undefined;
  #wake: () => void = () => {};
  #looking: Promise<void> = Promise.resolve();

  constructor(options: AnnouncerOptions) {
    const { api, namespace, name } = options;
    this.#options = options;
    const identity = `${hostname()}_${randomUUID()}`;
    this.#lease = new Lease({
      ...{ api, namespace, name, identity },
      onChange: (held) => this.#exchanged(held),
      onAttempt: (error) => this.#attempted(`the Lease ${namespace}/${name}`, this.#rule('leases', name), error),
    });
    this.#events = new EventWriter({
      ...{ api, identity },
      onAttempt: (where, error) => this.#attempted(`Events in namespace ${where}`, eventsRule(where), error),
      onDropped: (count) => options.log.info({ count }, `${count} Events are left out: too many wait to be written`),
    });
    this.#status = new StatusMap(api, namespace, `${name}-previews`, identity, () => performance.now());
  }

  /** To be called once all that exists is known. */
  start(): void {
    if (this.#stopped) return;
    this.#since = Date.now();
    this.#lease.start();
    this.#looking = this.#look();
  }

  /** Lets another replica go on at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#looking;
    // Whoever goes on counts these gateways no more.
    const leaving = this.#term === undefined ? this.#status.report(undefined).catch(() => {}) : undefined;
    await Promise.all([leaving, this.#events.clear(), this.#lease.stop()]);
  }

  #exchanged(held: boolean): void {
    const { namespace, name, log } = this.#options;
    log.info({ held }, `${held ? 'Has' : 'Has no longer'} the Lease ${namespace}/${name} to write Events`);
    this.#term = held ? { told: undefined, pending: true, readAt: 0 } : undefined;
    this.#wake();
    if (!held) void this.#events.clear();
  }

  /** Looks again and again: tells what there is to tell or, while another replica has the Lease, reports to that one. */
  async #look(): Promise<void> {
    while (!this.#stopped) {
      const began = performance.now();
      const failure = await this.#tell().then(
        () => undefined,
        (error: unknown) => error,
      );
      const { namespace, name } = this.#options;
      const map = `${name}-previews`;
      if (!this.#stopped) this.#attempted(`the ConfigMap ${namespace}/${map}`, this.#rule('configmaps', map), failure);
      const pause = failure === undefined ? PAUSE_MS : PAUSE_AFTER_FAILURE_MS;
      await this.#pause(Math.max(pause, REST * (performance.now() - began)));
    }
  }

  async #pause(ms: number): Promise<void> {
    const waking = new AbortController();
    this.#wake = () => waking.abort();
    if (!this.#stopped) await delay(ms, undefined, { signal: waking.signal }).catch(() => {});
  }

  #tell(): Promise<void> {
    const term = this.#term;
    if (term !== undefined) return this.#lease.held ? this.#announce(term) : Promise.resolve();
    const { previews, problems, gateways } = this.#options;
    const count = gateways();
    return this.#status.report(count === 0 ? undefined : reportOf(previews(), problems(), count, Date.now()));
  }

  async #announce(term: Term): Promise<void> {
    const { previews, problems } = this.#options;
    const isFirst = term.told === undefined;
    let memory: Memory | undefined;
    if (isFirst || term.pending || performance.now() - term.readAt >= READ_MS) {
      memory = await this.#read();
      term.readAt = performance.now();
    }
    if (this.#term !== term || !this.#lease.held) return;

    const reports = this.#status.reports();
    const statuses = previews().map((status) => withReports(status, reports, this.#since, Date.now()));
    const all = [...problems(), ...reports.flatMap(({ refusals }) => refusals)];
    const byObject = Map.groupBy(all, ({ object }) => object);
    // What an earlier holder, or an earlier run, has told is not told again.
    const before = term.told ?? memory?.entries;
    const isUnknown = (name: string) => before === undefined || (isFirst && !memory!.complete && !before.has(name));
    const now = new Map<string, Standing>();
    for (const [object, standing] of standings(statuses, all)) {
      const name = entryName(object);
      const known = before?.get(name);
      now.set(name, carriedOn(known, standing));
      if (!isUnknown(name)) this.#events.add(announcements(object, known, standing, byObject.get(object) ?? []));
    }
    term.told = now;
    // What the others have of it is to be read soon.
    term.pending = statuses.some(({ state }) => state === 'arriving');
    await this.#status.write(now);
  }

  /** Without the right to read it, there is none: nothing is told then but what changes from now on. */
  async #read(): Promise<Memory | undefined> {
    try {
      return await this.#status.read();
    } catch (error) {
      if (statusOf(error) === 403) return undefined;
      throw error;
    }
  }

  #attempted(what: string, advice: string, error: unknown): void {
    const origin = `writing of ${what}`;
    if (error === undefined) {
      this.#options.report(origin, []);
      return;
    }
    const forbidden = statusOf(error) === 403;
    const problem: Problem = {
      code: 'announcement-unwritten',
      object: what,
      message: `cannot be written: ${error instanceof Error ? error.message : error}. Nobody is told in the cluster how previews stand; all else goes on.`,
      advice: forbidden ? advice : 'It is tried again.',
    };
    this.#options.report(origin, [problem]);
  }

  #rule(resources: 'leases' | 'configmaps', name: string): string {
    const group = resources === 'leases' ? 'coordination.k8s.io' : '';
    const verbs = resources === 'leases' ? '"get", "create", "update"' : '"get", "create", "patch"';
    return (
      `Bind a Role with the rule {apiGroups: ["${group}"], resources: ["${resources}"], resourceNames: ["${name}"], ` +
      `verbs: [${verbs}]} to Shunt's account in namespace ${this.#options.namespace}, or set announce to off.`
    );
  }
}

function eventsRule(namespace: string): string {
  return (
    'Bind a Role with the rule {apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"]} to ' +
    `Shunt's account in namespace ${namespace}, or set announce to off.`
  );
}

/** The time for which this replica has the Lease. */
interface Term {
  /** How each object stood when it was last looked at, and what of that has been told. */
  told: ReadonlyMap<string, Standing> | undefined;
  /** Whether other replicas are waited for. */
  pending: boolean;
  /** When their reports were read, milliseconds of a clock that is never set. */
  readAt: number;
}
