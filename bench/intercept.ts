import { parseArgs } from 'node:util';
import type { Protocol } from '../src/settings/index.ts';
import type { Contender, Surroundings } from './contender.ts';
import { startFloor } from './floor.ts';
import { formatIntervalsAboveFloor } from './interval-table.ts';
import { measure } from './measure.ts';
import { runBenchmark, type Session } from './session.ts';
import { startShunt } from './shunt.ts';
import { startUpstreams } from './upstreams.ts';

const usage = `Usage: npm run bench -- [--rounds N] [--protocol delta|sotw]

Measures the time from renaming a manifest into the watched folder to the preview's first answer through a real Envoy, with
10 previews and with 1,000, beside an Envoy that watches a file of routes by itself.

  --rounds N               How many times each is measured, in at most N / 10 seconds. Default: 1000.
  --protocol delta|sotw    How the Envoys of shunt are told of changes. Default: delta.`;

interface Options {
  readonly rounds: number;
  readonly protocol: Protocol;
}

async function bench({ rounds, protocol }: Options, session: Session): Promise<string> {
  const { signal, onStart } = session;
  const upstreams = await startUpstreams();
  onStart(upstreams.stop);
  const surroundings = (name: string): Surroundings => ({ ...session.surroundings(name), upstreams });
  const contenders: Contender[] = [];
  for (const start of [
    () => startFloor(surroundings('floor')),
    () => startShunt({ ...surroundings('few'), services: 1, protocol }),
    () => startShunt({ ...surroundings('many'), services: 100, protocol }),
  ]) {
    signal.throwIfAborted();
    contenders.push(await start());
  }
  const samples = await measure(contenders, { rounds, signal });
  return `From renaming a file into place to the preview's first answer (${protocol}):\n\n${formatIntervalsAboveFloor(samples)}`;
}

function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { rounds: { type: 'string', default: '1000' }, protocol: { type: 'string', default: 'delta' } },
    });
    const { rounds, protocol } = values;
    if (!/^[1-9]\d{0,5}$/.test(rounds)) return `--rounds: "${rounds}" is no number of rounds; write 1 or more.`;
    if (protocol !== 'delta' && protocol !== 'sotw') return `--protocol: "${protocol}" is none; write delta or sotw.`;
    return { rounds: Number(rounds), protocol };
  } catch (error) {
    return (error as Error).message;
  }
}

process.exitCode = await runBenchmark({ usage, readOptions, bench });
