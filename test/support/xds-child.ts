import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { ResourceStore } from '../../src/resources/index.ts';
import { createXdsServer, type XdsLimits } from '../../src/xds/index.ts';
import { makeCluster } from './xds-server.ts';

/** What `XdsProcess` asks of this process. */
export type Question =
  | { readonly ask: 'memory' }
  | { readonly ask: 'log' }
  | { readonly ask: 'apply'; readonly content: string };

// The program that XdsProcess starts, with --expose-gc: one server, alone with its memory.
const limits: Partial<XdsLimits> = JSON.parse(process.argv[2] ?? '{}');
const lines: string[] = [];
const store = new ResourceStore();
const server = createXdsServer({
  store,
  groupsOf: () => [],
  log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) }),
  limits,
});

/** Bytes in use once all that can be is collected. */
async function memory(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await setImmediate();
    gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on('message', async (question: Question) => {
  switch (question.ask) {
    case 'memory':
      process.send?.(await memory());
      return;
    case 'log':
      process.send?.(lines.splice(0));
      return;
    case 'apply':
      store.apply({ set: [makeCluster('a', question.content)], remove: [] });
      process.send?.(store.sequence);
      return;
    default:
      question satisfies never;
  }
});
process.on('disconnect', () => process.exit());
process.send?.(await server.listen('127.0.0.1', 0));
