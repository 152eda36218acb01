import type { Samples } from './measure.ts';
import { formatTable } from './table.ts';

/** The samples in milliseconds, one line for each contender; all are compared with the first. */
export function formatIntervals(samples: readonly Samples[]): string {
  const floor = summarize(samples[0]!);
  const rows = samples
    .map(summarize)
    .map(({ title, p50, p99, max, first, rounds }, index) => [
      title,
      ...[p50, p99, max, first].map((time) => time.toFixed(2)),
      String(rounds),
      ...(index === 0
        ? ['', '', '']
        : [(p50 - floor.p50).toFixed(2), (p50 / floor.p50).toFixed(1), (p99 - floor.p99).toFixed(2)]),
    ]);
  return formatTable(
    ['milliseconds', 'p50', 'p99', 'max', 'first', 'rounds', 'p50 - floor', 'p50 / floor', 'p99 - floor'],
    rows,
  );
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
