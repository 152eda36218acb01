import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Interruption, watchSignals } from '../src/cli/signals.ts';
import { findEnvoy } from '../src/gateway/index.ts';
import type { Protocol } from '../src/settings/index.ts';
import type { Contender, Surroundings } from './contender.ts';
import { startFloor } from './floor.ts';
import { measure } from './measure.ts';
import { startShunt } from './shunt.ts';
import { formatTable } from './table.ts';
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

/** @returns the exit status. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${usage}`);
    return 1;
  }
  const { signal, forget } = watchSignals();
  try {
    await bench(options, signal);
    return 0;
  } catch (error) {
    if (error instanceof Interruption) return error.exitStatus;
    console.error((error as Error).message);
    return 1;
  } finally {
    forget();
  }
}

async function bench({ rounds, protocol }: Options, interrupted: AbortSignal): Promise<void> {
  const { binary, version } = await findEnvoy({ onProgress: (line) => console.error(line), signal: interrupted });
  const loadBefore = load();
  const failure = new AbortController();
  const signal = AbortSignal.any([interrupted, failure.signal]);

  const root = await mkdtemp(join(tmpdir(), 'shunt-bench-'));
  const ends: (() => Promise<void>)[] = [() => rm(root, { recursive: true })];
  try {
    const upstreams = await startUpstreams();
    ends.push(upstreams.stop);
    const surroundings = (name: string): Surroundings => ({
      binary,
      upstreams,
      folder: join(root, name),
      onStart: (stop) => void ends.push(stop),
      onFailure: (error) => failure.abort(error),
    });
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
    console.log(`From renaming a file into place to the preview's first answer (${protocol}):\n`);
    console.log(formatTable(samples));
    console.log(
      `\n${availableParallelism()} cores, load average ${loadBefore} at the start and ${load()} at the end, ` +
        `Node.js ${process.versions.node}, Envoy ${version}.`,
    );
  } catch (error) {
    // The end of a process shows in broken connections a moment before it is told, and says more.
    if (!signal.aborted) await Promise.race([once(signal, 'abort'), setTimeout(100)]);
    throw signal.aborted ? signal.reason : error;
  } finally {
    for (const end of ends.reverse()) await end();
  }
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

/** The machine's over the last minute. */
function load(): string {
  return loadavg()[0]!.toFixed(2);
}

process.exitCode = await main(process.argv.slice(2));
