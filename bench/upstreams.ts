import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** The ports of the two servers that requests end at; each answers with its name. */
export interface Upstreams {
  readonly baseline: number;
  readonly preview: number;
}

/**
 * Starts them in a thread of their own, so that they do not take turns with the one who measures.
 *
 * @param thread the module that serves, and posts the ports.
 * @param host where they listen.
 */
export async function startUpstreams(
  thread = new URL('./upstreams-thread.ts', import.meta.url),
  host = '127.0.0.1',
): Promise<Upstreams & { stop(): Promise<void> }> {
  const worker = new Worker(thread, { workerData: { host } });
  const [upstreams] = (await once(worker, 'message')) as [Upstreams];
  return {
    ...upstreams,
    async stop() {
      await worker.terminate();
    },
  };
}
