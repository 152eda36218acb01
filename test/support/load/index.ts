import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LoadOptions } from './generator.ts';
import { formatReport, type LoadReport } from './report.ts';
import type { Order } from './worker.ts';

export type { LoadOptions } from './generator.ts';
export { type LoadProtocol, type OutgoingRequest, type RequestKind, requestKind } from './kind.ts';
export { formatReport, type LoadReport } from './report.ts';
export type { ToldFailure } from './tally.ts';

/** A constant load on a gateway, under way. */
export interface Load {
  /**
   * Lets others answer the requests of a name, in every protocol. Requests sent after the promise has settled may be
   * answered by these only; those under way at that moment by these and by those before.
   */
  expect(name: string, answeredBy: readonly string[]): Promise<void>;
  /** Settles when so many requests more have an outcome: how a test lets the load go on for a while. */
  settle(count: number): Promise<void>;
  /** Ends the load, waits for the outstanding answers, and tells what became of all requests. */
  stop(): Promise<LoadReport>;
}

/** Begins a constant load. It keeps its schedule in a thread of its own, whatever the test's thread is busy with. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options });
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  worker.on('message', ({ number, result }: { number: number; result: unknown }) => {
    pending.get(number)?.resolve(result);
    pending.delete(number);
  });
  let failure: Error | undefined;
  worker.on('error', (error: Error) => {
    failure = error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  });
  await once(worker, 'online');

  let orders = 0;
  const ask = <Result>(order: OrderFields): Promise<Result> => {
    if (failure !== undefined) return Promise.reject(failure);
    const number = ++orders;
    const answer = Promise.withResolvers<unknown>();
    pending.set(number, answer);
    worker.postMessage({ ...order, number } as Order);
    return answer.promise as Promise<Result>;
  };
  return {
    expect: (name, answeredBy) => ask({ type: 'expect', name, answeredBy }),
    settle: (count) => ask({ type: 'settle', count }),
    async stop() {
      const ended = once(worker, 'exit');
      const report = await ask<LoadReport>({ type: 'stop' });
      await ended;
      return report;
    },
  };
}

/** Lets a story happen under a constant load. Prints and returns what became of the requests; prints it also if the story fails. */
export async function underLoad(options: LoadOptions, story: (load: Load) => Promise<void>): Promise<LoadReport> {
  const load = await startLoad(options);
  let report: LoadReport | undefined;
  try {
    await story(load);
  } finally {
    report = await load.stop();
    console.log(formatReport(report));
  }
  return report;
}

type OrderFields = Order extends infer Each ? (Each extends Order ? Omit<Each, 'number'> : never) : never;
