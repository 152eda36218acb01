import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../problems.ts';
import { type ObjectApi, RequestFailure } from '../sources/kubernetes/index.ts';
import type { PreviewStatus } from '../status/index.ts';
import { EventWriter } from './event-writer.ts';
import { Lease, statusOf } from './lease.ts';
import { announcements, carriedOn, entryName, type Standing, standings } from './standing.ts';
import { StatusMap } from './status-map.ts';

export interface AnnouncerOptions {
  readonly api: ObjectApi;
  /** Where the Lease and the status ConfigMap are. */
  readonly namespace: string;
  /** Of the Lease; the ConfigMap's ends in `-previews`. */
  readonly name: string;
  /** How things stand at present. */
  readonly previews: () => readonly PreviewStatus[];
  readonly problems: () => readonly Problem[];
  /** Where is told what cannot be written; replaces what was told of the same origin before. */
  readonly report: (origin: string, problems: readonly Problem[]) => void;
  readonly log: { info(fields: object, sentence: string): void };
}

/** What happens within a second is told together; and looking takes a tenth of the time at most, whatever there is. */
const PAUSE_MS = 1_000;
const REST = 10;
const PAUSE_AFTER_FAILURE_MS = 10_000;

/** Tells owners in the cluster how their objects stand, while no other replica does. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #lease: Lease;
  readonly #events: EventWriter;
  readonly #status: StatusMap;
  #stopped = false;
  /** Of the term of this replica, while it has the Lease. */
  #ending: AbortController | undefined;
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
    this.#status = new StatusMap(api, namespace, `${name}-previews`);
  }

  /** To be called once all that exists is known. */
  start(): void {
    if (!this.#stopped) this.#lease.start();
  }

  /** Lets another replica go on at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#end();
    await this.#looking;
    await Promise.all([this.#events.clear(), this.#lease.stop()]);
  }

  #exchanged(held: boolean): void {
    const { namespace, name } = this.#options;
    this.#options.log.info(
      { held },
      `${held ? 'Has' : 'Has no longer'} the Lease ${namespace}/${name} to write Events`,
    );
    this.#end();
    if (held) this.#begin();
    else void this.#events.clear();
  }

  #begin(): void {
    const ending = new AbortController();
    this.#ending = ending;
    this.#looking = this.#term(ending.signal);
  }

  #end(): void {
    this.#ending?.abort();
    this.#ending = undefined;
  }

  /** Looks again and again, as long as this replica has the Lease. */
  async #term(signal: AbortSignal): Promise<void> {
    const name = `${this.#options.name}-previews`;
    const term: Term = { told: undefined };
    while (!signal.aborted) {
      const began = performance.now();
      let failure: unknown;
      try {
        await this.#look(term);
      } catch (error) {
        failure = error;
      }
      if (signal.aborted) return;
      this.#attempted(`the ConfigMap ${this.#options.namespace}/${name}`, this.#rule('configmaps', name), failure);
      const pause = failure === undefined ? PAUSE_MS : PAUSE_AFTER_FAILURE_MS;
      await delay(Math.max(pause, REST * (performance.now() - began)), undefined, { signal }).catch(() => {});
    }
  }

  async #look(term: Term): Promise<void> {
    const { previews, problems } = this.#options;
    // What an earlier holder, or an earlier run, has told is not told again.
    const memory = term.told === undefined ? await this.#memory() : undefined;
    if (!this.#lease.held) return;
    const all = problems();
    const byObject = Map.groupBy(all, ({ object }) => object);
    const before = term.told ?? memory?.entries;
    const isUnknown = (name: string) => before === undefined || (memory?.complete === false && !before.has(name));
    const now = new Map<string, Standing>();
    for (const [object, standing] of standings(previews(), all)) {
      const name = entryName(object);
      const known = before?.get(name);
      now.set(name, carriedOn(known, standing));
      if (isUnknown(name)) continue;
      this.#events.add(announcements(object, known, standing, byObject.get(object) ?? []));
    }
    term.told = now;
    await this.#status.write(now);
  }

  /** Without the right to read it, there is none: nothing is told then but what changes from now on. */
  async #memory(): ReturnType<StatusMap['read']> {
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
    if (!(error instanceof RequestFailure)) throw error;
    const forbidden = statusOf(error) === 403;
    const problem: Problem = {
      code: 'announcement-unwritten',
      object: what,
      message: `cannot be written: ${error.message}. Nobody is told in the cluster how previews stand; all else goes on.`,
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
}
