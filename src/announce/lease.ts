import { type ObjectApi, RequestFailure } from '../sources/kubernetes/index.ts';

export interface LeaseOptions {
  readonly api: ObjectApi;
  readonly namespace: string;
  readonly name: string;
  /** Unique among all that want the Lease. */
  readonly identity: string;
  /** Told whenever it is come by or lost. */
  readonly onChange: (held: boolean) => void;
  /** Told of each attempt: why it failed, or nothing. */
  readonly onAttempt: (error: unknown) => void;
  /** Milliseconds of a clock that is never set. */
  readonly now?: (() => number) | undefined;
}

/** As in the election of Kubernetes' own controllers: others wait for longer than the holder goes on without a renewal. */
const DURATION_S = 15;
const HELD_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * One of several replicas holds it at a time. Clocks need not agree: whether a Lease has run out is judged by how long it
 * was seen unchanged, not by the times in it.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;
  #heldUntil = Number.NEGATIVE_INFINITY;
  #told = false;
  #observed: { readonly version: string; readonly at: number } | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get held(): boolean {
    return this.#now() < this.#heldUntil;
  }

  start(): void {
    this.#round = this.#attempt();
  }

  /** Gives it back, so that another replica has it at its next attempt instead of after its duration. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    if (!this.held) return;
    this.#heldUntil = Number.NEGATIVE_INFINITY;
    this.#tell();
    const lease = await this.#read().catch(() => undefined);
    if (lease?.spec?.holderIdentity !== this.#options.identity) return;
    // Nothing depends on it: the others wait for the duration then.
    await this.#write({ ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } }).catch(
      () => {},
    );
  }

  async #attempt(): Promise<void> {
    let error: unknown;
    try {
      await this.#take();
    } catch (thrown) {
      error = thrown;
    }
    this.#tell();
    this.#options.onAttempt(error);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.start(), RETRY_MS);
  }

  async #take(): Promise<void> {
    const { identity } = this.#options;
    const asked = this.#now();
    const lease = await this.#read();
    const { holderIdentity: holder = '', leaseDurationSeconds = DURATION_S } = lease?.spec ?? {};
    if (holder !== identity) this.#heldUntil = Number.NEGATIVE_INFINITY;
    if (holder !== '' && holder !== identity) {
      const version = lease!.metadata.resourceVersion!;
      if (this.#observed?.version !== version) this.#observed = { version, at: this.#now() };
      if (this.#now() - this.#observed.at < leaseDurationSeconds * 1_000) return;
    }
    const time = microTime();
    const changed =
      holder === identity ? {} : { acquireTime: time, leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + 1 };
    const spec = {
      ...lease?.spec,
      ...changed,
      holderIdentity: identity,
      leaseDurationSeconds: DURATION_S,
      renewTime: time,
    };
    try {
      await this.#write({ metadata: { ...lease?.metadata }, spec });
      this.#heldUntil = asked + HELD_MS;
    } catch (error) {
      // Somebody else was faster, which is what the resourceVersion is for.
      if (statusOf(error) !== 409) throw error;
    }
  }

  #tell(): void {
    if (this.held === this.#told) return;
    this.#told = this.held;
    this.#options.onChange(this.#told);
  }

  async #read(): Promise<LeaseObject | undefined> {
    try {
      return (await this.#options.api.get(this.#path)) as unknown as LeaseObject;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** A PUT creates a Lease that is not there, so that the right to create can be given for this name alone. */
  async #write({ metadata, spec }: LeaseObject): Promise<void> {
    const { api, namespace, name } = this.#options;
    const object = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...metadata, namespace, name },
      spec,
    };
    await api.send('PUT', this.#path, object);
  }

  get #path(): string {
    const { namespace, name } = this.#options;
    return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
  }
}

interface LeaseObject {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly leaseTransitions?: number;
  };
}

/** The status of the API server's answer, if there was one. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof RequestFailure && error.failure.kind === 'refused' ? error.failure.status : undefined;
}

/** Now, as the API writes a MicroTime. */
export function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
