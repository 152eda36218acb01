import { setTimeout as pause } from 'node:timers/promises';
import type { ApiServer } from '../../test/support/apiserver.ts';
import { previewName } from './contender.ts';
import { addressOf } from './objects.ts';

export interface ChurnOptions {
  readonly server: ApiServer;
  readonly namespace: string;
  /** Previews to choose from. */
  readonly previews: number;
  readonly perSecond: number;
}

/** Changes standing previews, by turns the key of one and the address of another's endpoint, at a steady rate. */
export class Churn {
  readonly #options: ChurnOptions;
  readonly #start = performance.now();
  readonly #writing = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #made = 0;
  #over = false;
  #failure: Error | undefined;

  constructor(options: ChurnOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /**
   * @returns how many changes a second there were.
   * @throws what a change has failed with.
   */
  async stop(): Promise<number> {
    this.#over = true;
    const seconds = (performance.now() - this.#start) / 1_000;
    await this.#running;
    await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#made / seconds;
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      const due = ((performance.now() - this.#start) / 1_000) * this.#options.perSecond;
      for (; this.#made < due; this.#made++) this.#change(this.#made);
      await pause(5);
    }
  }

  #change(number: number): void {
    const { server, namespace, previews } = this.#options;
    const name = previewName(number % previews);
    const change =
      number % 2 === 0
        ? server.request('PATCH', `/api/v1/namespaces/${namespace}/services/${name}`, {
            metadata: { labels: { 'shunt.dev/key': `churn-${number}` } },
          })
        : server.request('PATCH', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}-1`, {
            endpoints: [{ addresses: [addressOf(previews + number)], conditions: { ready: true } }],
          });
    const settled = change.then(
      () => void this.#writing.delete(settled),
      (error: Error) => {
        this.#failure ??= error;
      },
    );
    this.#writing.add(settled);
  }
}
