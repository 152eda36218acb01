import { setTimeout } from 'node:timers/promises';
import type { Contender, Round } from './contender.ts';
import { Poller } from './poller.ts';

/** Milliseconds from just before the rename to the preview's first answer, one for each round, in order. */
export interface Samples {
  readonly title: string;
  readonly times: readonly number[];
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** The longest that one wait may take, in milliseconds: a change that takes longer is lost. */
const PATIENCE_MS = 10_000;

/** The longest that a contender may take to answer its first request, in milliseconds: one may have thousands of Services. */
const START_PATIENCE_MS = 60_000;

/** Where a round of all takes longer than this on the average, there are fewer rounds than were asked for. */
const ROUND_MS = 100;

/**
 * Measures all contenders in turn, round by round, so that whatever slows the machine for a while slows them all.
 *
 * @throws if a request is answered by neither baseline nor preview, or a preview does not come or go.
 */
export async function measure(
  contenders: readonly Contender[],
  { rounds, signal }: MeasureOptions,
): Promise<readonly Samples[]> {
  const lanes = [];
  try {
    for (const contender of contenders) {
      lanes.push({ contender, poller: await pollerOf(contender, signal), times: [] as number[] });
    }
    const end = performance.now() + rounds * ROUND_MS;
    for (let number = 1; number <= rounds && performance.now() < end; number++) {
      for (const { contender, poller, times } of lanes) {
        times.push(await timeOne(contender.round(number), poller, signal));
      }
    }
    return lanes.map(({ contender, times }) => ({ title: contender.title, times }));
  } finally {
    for (const { poller } of lanes) poller.close();
  }
}

async function timeOne(round: Round, poller: Poller, signal: AbortSignal): Promise<number> {
  // The first request to a service has Envoy make connections; they are to be there.
  await answerFrom('baseline', round, poller, signal);
  const start = performance.now();
  round.publish();
  await answerFrom('preview', round, poller, signal);
  const time = performance.now() - start;
  round.withdraw();
  await answerFrom('baseline', round, poller, signal);
  return time;
}

/** Asks again and again, without pause. */
async function answerFrom(
  wanted: 'baseline' | 'preview',
  { host, key }: Round,
  poller: Poller,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    signal.throwIfAborted();
    const { status, body } = await poller.ask(host, key);
    if (body === wanted) return;
    if (status !== 200) throw new Error(`A request to ${host} with the key ${key} was answered ${status}: ${body}`);
  }
  throw new Error(`The ${wanted} of ${host} had not answered to the key ${key} after ${PATIENCE_MS / 1000} s.`);
}

/** Waits until the contender answers requests. */
async function pollerOf({ title, port, round }: Contender, signal: AbortSignal): Promise<Poller> {
  const { host, key } = round(0);
  const end = performance.now() + START_PATIENCE_MS;
  for (;;) {
    signal.throwIfAborted();
    const poller = await Poller.connect(port).catch(() => undefined);
    const answer = await poller?.ask(host, key).catch(() => undefined);
    if (poller !== undefined && answer?.status === 200) return poller;
    poller?.close();
    if (performance.now() > end)
      throw new Error(`${title} had not answered a request after ${START_PATIENCE_MS / 1000} s.`);
    await setTimeout(20, undefined, { signal });
  }
}
