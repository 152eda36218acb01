import type { Samples } from './measure.ts';
import { formatTable } from './table.ts';

const HEADER = ['milliseconds', 'p50', 'p99', 'max', 'first', 'rounds'];

/** The samples in milliseconds, one line for each contender. */
export function formatIntervals(samples: readonly Samples[]): string {
  return formatTable(HEADER, samples.map(summarize).map(cells));
}

/** Likewise; all are compared with the first, than which none can be faster. */
export function formatIntervalsAboveFloor(samples: readonly Samples[]): string {
  const [floor, ...others] = samples.map(summarize) as [Summary, ...Summary[]];
  return formatTable(
    [...HEADER, 'p50 - floor', 'p50 / floor', 'p99 - floor'],
    [
      [...cells(floor), '', '', ''],
      ...others.map((summary) => [
        ...cells(summary),
        (summary.p50 - floor.p50).toFixed(2),
        (summary.p50 / floor.p50).toFixed(1),
        (summary.p99 - floor.p99).toFixed(2),
      ]),
    ],
  );
}

type Summary = ReturnType<typeof summarize>;

function cells({ title, p50, p99, max, first, rounds }: Summary): readonly string[] {
  return [title, ...[p50, p99, max, first].map((time) => time.toFixed(2)), String(rounds)];
}

function summarize({ title, times }: Samples) {
  const sorted = times.toSorted((a, b) => a - b);
  // The nearest rank: a time that was measured, and none between two.
  const percentile = (percent: number) => sorted[Math.ceil((percent / 100) * sorted.length) - 1]!;
  return {
    title,
    p50: percentile(50),
    p99: percentile(99),
    max: percentile(100),
    first: times[0]!,
    rounds: times.length,
  };
}
