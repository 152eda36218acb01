import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Interruption, watchSignals } from '../src/cli/signals.ts';
import { findEnvoy } from '../src/gateway/index.ts';
import type { Surroundings } from './contender.ts';

/** What a benchmark works with. */
export interface Session {
  /** Aborted by an interrupt, and when something that was started ends by itself. */
  readonly signal: AbortSignal;
  /** What is handed to this is called at the end, the last one first. */
  readonly onStart: (stop: () => Promise<void>) => void;
  /** What a contender of that name is started with. */
  surroundings(name: string): Omit<Surroundings, 'upstreams'>;
}

export interface Benchmark<Options> {
  readonly usage: string;
  /** @returns what is wrong with the arguments, if anything is. */
  readonly readOptions: (args: readonly string[]) => Options | string;
  /** @returns what is to be printed. */
  readonly bench: (options: Options, session: Session) => Promise<string>;
}

/**
 * Runs a benchmark with the arguments of the process, or says how it is used.
 *
 * @returns the exit status.
 */
export async function runBenchmark<Options extends object>(benchmark: Benchmark<Options>): Promise<number> {
  const { usage, readOptions, bench } = benchmark;
  const options = readOptions(process.argv.slice(2));
  if (typeof options !== 'string') return runSession((session) => bench(options, session));
  console.error(`${options}\n\n${usage}`);
  return 1;
}

/**
 * Runs a benchmark: finds an Envoy, ends whatever was started when it is over, however it ends, and prints what the
 * benchmark returns with the machine's load below.
 *
 * @returns the exit status.
 */
export async function runSession(bench: (session: Session) => Promise<string>): Promise<number> {
  const { signal, forget } = watchSignals();
  try {
    await inSession(bench, signal);
    return 0;
  } catch (error) {
    if (error instanceof Interruption) return error.exitStatus;
    console.error((error as Error).message);
    return 1;
  } finally {
    forget();
  }
}

async function inSession(bench: (session: Session) => Promise<string>, interrupted: AbortSignal): Promise<void> {
  const { binary, version } = await findEnvoy({ onProgress: (line) => console.error(line), signal: interrupted });
  const loadBefore = load();
  const failure = new AbortController();
  const signal = AbortSignal.any([interrupted, failure.signal]);
  const root = await mkdtemp(join(tmpdir(), 'shunt-bench-'));
  const ends: (() => Promise<void>)[] = [() => rm(root, { recursive: true })];
  const onStart = (stop: () => Promise<void>) => void ends.push(stop);
  const surroundings = (name: string) => ({
    binary,
    folder: join(root, name),
    onStart,
    onFailure: (error: Error) => failure.abort(error),
  });
  try {
    console.log(await bench({ signal, onStart, surroundings }));
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

/** The machine's over the last minute. */
function load(): string {
  return loadavg()[0]!.toFixed(2);
}
