import type { ApiServer } from '../../test/support/apiserver.ts';
import type { ApiObject } from './objects.ts';

/** So many requests at a time keep an API server busy. */
const AT_ONCE = 24;

/** Creates a namespace and, in order, objects; with a word on stderr now and then, since it takes a while. */
export async function populate(
  server: ApiServer,
  namespace: string,
  objects: readonly ApiObject[],
  signal: AbortSignal,
): Promise<void> {
  await server.request('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  let next = 0;
  const work = async () => {
    while (next < objects.length) {
      signal.throwIfAborted();
      if (next % 5_000 === 0) console.error(`${next} of ${objects.length} objects in ${namespace} …`);
      const { collection, object } = objects[next++]!;
      await server.request('POST', collection, object);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Writes labels of one object, in order, without having anybody wait: that is what is timed. */
export class Labeller {
  readonly #server: ApiServer;
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();
  /** How long each write took until its answer, in milliseconds. */
  readonly times: number[] = [];

  /** @param path of the object. */
  constructor(server: ApiServer, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** @param labels `null` takes one away. */
  write(labels: Readonly<Record<string, string | null>>): void {
    this.#last = this.#last.then(async () => {
      const start = performance.now();
      await this.#server.request('PATCH', this.#path, { metadata: { labels } });
      this.times.push(performance.now() - start);
    });
    // A write that failed is seen by whoever waits for what it should have brought, and told at the end.
    this.#last.catch(() => undefined);
  }

  /** @throws what a write has failed with. */
  async done(): Promise<void> {
    await this.#last;
  }
}
