import { createHash, randomUUID } from 'node:crypto';
import { isForbidden, type ObjectApi, RequestFailure } from '../sources/kubernetes/index.ts';
import { microTime, statusOf } from './lease.ts';
import type { Announcement } from './standing.ts';

export interface EventWriterOptions {
  readonly api: ObjectApi;
  /** Which replica writes. */
  readonly identity: string;
  /** Told of each attempt in a namespace: why it failed, or nothing. */
  readonly onAttempt: (namespace: string, error: unknown) => void;
  /** Told how many were dropped because too many wait. */
  readonly onDropped: (count: number) => void;
  /** Milliseconds of a clock that is never set. */
  readonly now?: (() => number) | undefined;
}

/** So many wait; then the oldest are dropped. */
const MOST_WAITING = 1_000;
/** Between two Events: what a cluster has one of its components write without a second thought. */
const PAUSE_MS = 200;
/** What is repeated within this time is counted on the Event that is there. */
const SERIES_MS = 30 * 60_000;
/** Within this time an object is told of a reason once, however its words differ, and the rest is counted. */
const ONCE_MS = 60_000;
const MOST_SERIES = 1_000;
/** A namespace that takes no Events is asked again after this time. */
const REFUSED_MS = 5 * 60_000;
const BACKOFF_MS = { first: 1_000, longest: 30_000 };
/** The API takes 1,024 bytes. */
const LONGEST_NOTE = 1_000;

/** Writes Events, one after the other and slowly. */
export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #now: () => number;
  readonly #waiting: Announcement[] = [];
  readonly #series = new Map<string, Series>();
  readonly #refusedUntil = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failures = 0;

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  add(announcements: readonly Announcement[]): void {
    this.#waiting.push(...announcements);
    const tooMany = this.#waiting.length - MOST_WAITING;
    if (tooMany > 0) {
      this.#waiting.splice(0, tooMany);
      this.#options.onDropped(tooMany);
    }
    if (this.#timer === undefined && this.#writing === undefined) this.#next();
  }

  /** Drops what waits. Resolves when nothing is on its way any more. */
  async clear(): Promise<void> {
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
  }

  #next(): void {
    this.#timer = undefined;
    const first = this.#waiting[0];
    if (first === undefined) return;
    this.#writing = this.#attempt(first).then((waitMs) => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#next(), waitMs);
    });
  }

  /** @returns how long to wait before the next, in milliseconds. */
  async #attempt(announcement: Announcement): Promise<number> {
    const { namespace } = nameOf(announcement.object);
    const done = () => {
      const place = this.#waiting.indexOf(announcement);
      if (place >= 0) this.#waiting.splice(place, 1);
    };
    if ((this.#refusedUntil.get(namespace) ?? Number.NEGATIVE_INFINITY) > this.#now()) {
      done();
      return 0;
    }
    try {
      await this.#write(announcement);
      this.#failures = 0;
      this.#refusedUntil.delete(namespace);
      this.#options.onAttempt(namespace, undefined);
    } catch (error) {
      const status = statusOf(error) ?? 0;
      if (status < 400 || status >= 500 || status === 401 || status === 429) {
        this.#options.onAttempt(namespace, error);
        return this.#backoff(error);
      }
      if (isRefusal(error)) {
        this.#refusedUntil.set(namespace, this.#now() + REFUSED_MS);
        this.#options.onAttempt(namespace, error);
      }
    }
    done();
    return PAUSE_MS;
  }

  #backoff(error: unknown): number {
    const wait = Math.min(BACKOFF_MS.first * 2 ** this.#failures, BACKOFF_MS.longest);
    this.#failures += 1;
    const { failure } = error instanceof RequestFailure ? error : { failure: undefined };
    return Math.max(wait, failure?.kind === 'refused' ? Math.min(failure.retryAfterMs, REFUSED_MS) : 0);
  }

  async #write(announcement: Announcement): Promise<void> {
    const { object, reason, note } = announcement;
    const key = `${object} ${reason}`;
    const now = this.#now();
    const series = this.#series.get(key);
    if (series !== undefined && now - series.at < (series.note === note ? SERIES_MS : ONCE_MS)) {
      const repeated = { ...series, count: series.count + 1, at: now };
      const { namespace } = nameOf(object);
      try {
        const body = { series: { count: repeated.count, lastObservedTime: microTime() } };
        await this.#options.api.send('MERGE', `${eventsIn(namespace)}/${series.name}`, body);
        this.#series.set(key, repeated);
        return;
      } catch (error) {
        // API servers forget Events, after an hour by default.
        if (statusOf(error) !== 404) throw error;
      }
    }
    const name = await this.#create(announcement);
    this.#series.delete(key);
    if (name === undefined) return;
    this.#series.set(key, { name, note, count: 1, at: now });
    if (this.#series.size > MOST_SERIES) this.#series.delete(this.#series.keys().next().value!);
  }

  /** @returns its name; nothing if the object is not there any more. */
  async #create({ object, type, reason, note, related }: Announcement): Promise<string | undefined> {
    const { api, identity } = this.#options;
    const regarding = await this.#reference(object);
    if (regarding === undefined) return undefined;
    const { namespace } = regarding;
    const name = `${regarding.name.slice(0, 200)}.${createHash('sha256').update(randomUUID()).digest('hex').slice(0, 16)}`;
    await api.send('POST', eventsIn(namespace), {
      ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { namespace, name } },
      ...{ eventTime: microTime(), reportingController: 'shunt.dev/shunt', reportingInstance: identity.slice(0, 128) },
      ...{ action: 'Announce', reason, type, regarding, note: shortened(note) },
      related: related === undefined ? undefined : referenceTo(related),
    });
    return name;
  }

  /** With the uid, by which `kubectl describe` looks for Events, where the rights that Shunt has anyway tell it. */
  async #reference(object: string): Promise<Reference | undefined> {
    const reference = referenceTo(object);
    const plural = LISTED[reference.kind];
    if (plural === undefined) return reference;
    const { namespace, name } = reference;
    const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
    const { items } = await this.#options.api.get(`/api/v1/namespaces/${namespace}/${plural}?${query}`);
    const [found] = items as readonly { readonly metadata: { readonly uid: string } }[];
    return found && { ...reference, uid: found.metadata.uid };
  }
}

interface Series {
  readonly name: string;
  readonly note: string;
  readonly count: number;
  readonly at: number;
}

interface Reference {
  readonly apiVersion?: string | undefined;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

/** Kinds that may be listed. */
const LISTED: Readonly<Record<string, string>> = { Service: 'services', Pod: 'pods' };

/** Of the kinds that carry labels, or own Pods that do; of others the API server is not told. */
const API_VERSIONS: Readonly<Record<string, string>> = {
  ...{ Service: 'v1', Pod: 'v1', ReplicationController: 'v1' },
  ...{ Deployment: 'apps/v1', ReplicaSet: 'apps/v1', StatefulSet: 'apps/v1', DaemonSet: 'apps/v1' },
  ...{ Job: 'batch/v1', CronJob: 'batch/v1' },
};

function referenceTo(object: string): Reference {
  const { kind, namespace, name } = nameOf(object);
  return { apiVersion: API_VERSIONS[kind], kind, namespace, name };
}

function nameOf(object: string): { readonly kind: string; readonly namespace: string; readonly name: string } {
  const [kind, title] = object.split(' ') as [string, string];
  const [namespace, name] = title.split('/') as [string, string];
  return { kind, namespace, name };
}

function eventsIn(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
}

/** Whether the right is missing; a namespace that is being deleted takes nothing new either, which is no fault. */
function isRefusal(error: unknown): boolean {
  return error instanceof RequestFailure && isForbidden(error.failure) && !error.message.includes('being terminated');
}

function shortened(note: string): string {
  if (Buffer.byteLength(note) <= LONGEST_NOTE) return note;
  // Half of a character that is cut is left out.
  return `${Buffer.from(note)
    .subarray(0, LONGEST_NOTE)
    .toString()
    .replace(/\uFFFD$/, '')}…`;
}
