import { parentPort, workerData } from 'node:worker_threads';
import { Generator, type LoadOptions } from './generator.ts';

/** What the thread of a load is asked; it answers each with the same number. */
export type Order = { readonly number: number } & (
  | { readonly type: 'expect'; readonly name: string; readonly answeredBy: readonly string[] }
  | { readonly type: 'settle'; readonly count: number }
  | { readonly type: 'stop' }
);

const port = parentPort!;
const generator = new Generator(workerData as LoadOptions);
port.on('message', async (order: Order) => {
  port.postMessage({ number: order.number, result: await carryOut(order) });
  if (order.type === 'stop') port.close();
});

async function carryOut(order: Order): Promise<unknown> {
  switch (order.type) {
    case 'expect':
      return generator.expect(order.name, order.answeredBy);
    case 'settle':
      return generator.settle(order.count);
    case 'stop':
      return generator.stop();
    default:
      return order satisfies never;
  }
}
