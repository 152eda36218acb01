import { parseArgs } from 'node:util';
import type { Gateway } from './data-plane/gateway.ts';
import { measure } from './data-plane/measure.ts';
import { startPlain } from './data-plane/plain.ts';
import { startShunt } from './data-plane/shunt.ts';
import { formatCells } from './data-plane/table.ts';
import { runBenchmark, type Session } from './session.ts';
import { startUpstreams } from './upstreams.ts';

const usage = `Usage: npm run bench:data-plane -- [--rounds N] [--milliseconds N]

Measures what a request costs a real Envoy, in CPU time and in throughput on one of its threads: with a plain route and
without shunt, and with 0, 20 and 1,000 previews of the service, by what the request carries. Requests are HTTP/1.1 on kept
connections, the next one when the last is answered. Prints the medians of all rounds.

  --rounds N               How many times each is run, in another order each time. Default: 7.
  --milliseconds N         How long each run lasts. Default: 1000.`;

interface Options {
  readonly rounds: number;
  readonly milliseconds: number;
}

async function bench(options: Options, session: Session): Promise<string> {
  const { signal, onStart } = session;
  const upstreams = await startUpstreams(new URL('./data-plane/upstreams-thread.ts', import.meta.url));
  onStart(upstreams.stop);
  const gateways: Gateway[] = [await startPlain({ ...session.surroundings('plain'), upstreams })];
  for (const previews of [0, 20, 1000]) {
    signal.throwIfAborted();
    gateways.push(await startShunt({ ...session.surroundings(`shunt-${previews}`), upstreams, previews }));
  }
  return formatCells(await measure(gateways, { ...options, signal }));
}

function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { rounds: { type: 'string', default: '7' }, milliseconds: { type: 'string', default: '1000' } },
    });
    for (const [name, value] of Object.entries(values)) {
      if (!/^[1-9]\d{0,5}$/.test(value)) return `--${name}: "${value}" is no such number; write 1 or more.`;
    }
    return { rounds: Number(values.rounds), milliseconds: Number(values.milliseconds) };
  } catch (error) {
    return (error as Error).message;
  }
}

process.exitCode = await runBenchmark({ usage, readOptions, bench });
