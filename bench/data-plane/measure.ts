import { setTimeout } from 'node:timers/promises';
import { cpuTime } from './cpu.ts';
import type { Gateway } from './gateway.ts';
import { askOnce, Load } from './load.ts';
import { expectedAnswer, type Scenario, scenariosOf } from './questions.ts';

/** One short run. */
export interface Run {
  /** Envoy's, in microseconds. */
  readonly cpuPerRequest: number;
  readonly requestsPerSecond: number;
}

/** All runs of one scenario at one gateway. */
export interface Cell {
  readonly gateway: Gateway;
  readonly scenario: Scenario;
  readonly runs: readonly Run[];
}

export interface MeasureOptions {
  readonly rounds: number;
  /** How long a run lasts, in milliseconds. */
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

/** For connections and caches to be as they will be, in milliseconds. */
const WARM_UP_MS = 100;

/** The longest that a gateway may take to come up, in milliseconds. */
const PATIENCE_MS = 30_000;

/**
 * Measures all scenarios at all gateways in turn, round by round and in another order each time, so that whatever slows
 * the machine for a while slows them all.
 *
 * @throws if anybody but the one who is to answer does.
 */
export async function measure(gateways: readonly Gateway[], options: MeasureOptions): Promise<readonly Cell[]> {
  const { rounds, milliseconds, signal } = options;
  const cells: { gateway: Gateway; load: Load; scenario: Scenario; runs: Run[] }[] = [];
  try {
    for (const gateway of gateways) {
      await comeUp(gateway, signal);
      const load = await Load.open(gateway.port);
      for (const scenario of scenariosOf(gateway)) cells.push({ gateway, load, scenario, runs: [] });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { gateway, load, scenario, runs } of shuffled(cells)) {
        signal.throwIfAborted();
        const expected = expectedAnswer(scenario, gateway);
        await load.ask(scenario.question, expected, WARM_UP_MS);
        const [cpu, start] = [cpuTime(gateway.pid), performance.now()];
        const answered = await load.ask(scenario.question, expected, milliseconds);
        const [cpuTaken, taken] = [cpuTime(gateway.pid) - cpu, performance.now() - start];
        runs.push({ cpuPerRequest: (cpuTaken * 1000) / answered, requestsPerSecond: (answered * 1000) / taken });
      }
    }
    return cells;
  } finally {
    for (const load of new Set(cells.map(({ load }) => load))) load.close();
  }
}

/** Waits until every scenario is answered as it is to be. */
async function comeUp(gateway: Gateway, signal: AbortSignal): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (const scenario of scenariosOf(gateway)) {
    const expected = expectedAnswer(scenario, gateway);
    for (let answer: string | undefined; answer !== expected; ) {
      signal.throwIfAborted();
      answer = await askOnce(gateway.port, scenario.question).catch((error: Error) => error.message);
      if (answer === expected) break;
      if (performance.now() > end) {
        throw new Error(
          `${gateway.title}, ${scenario.title}: "${expected}" was to answer; the last answer was: ${answer}`,
        );
      }
      await setTimeout(20, undefined, { signal });
    }
  }
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
