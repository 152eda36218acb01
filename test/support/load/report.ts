import type { FailureKind } from './outcome.ts';
import type { KindReport } from './tally.ts';

/** What became of a constant load. */
export interface LoadReport {
  readonly seconds: number;
  /** By kind and protocol. */
  readonly kinds: readonly KindReport[];
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** The longest time that a request was sent after it was due, in milliseconds: what the machine did to the schedule. */
  readonly longestDelay: number;
}

export function summarise(kinds: readonly KindReport[], seconds: number, longestDelay: number): LoadReport {
  const total = (count: (kind: KindReport) => number) => kinds.reduce((sum, kind) => sum + count(kind), 0);
  return {
    seconds,
    kinds,
    sent: total((kind) => kind.sent),
    ok: total((kind) => kind.ok),
    failed: total(failures),
    longestDelay,
  };
}

function failures({ failed }: KindReport): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

const FAILURES: readonly FailureKind[] = ['status', 'connection', 'timeout', 'responder'];

/** A report for people: a line a kind, the sum, and the first failures in words. */
export function formatReport({ kinds, seconds, sent, ok, failed, longestDelay }: LoadReport): string {
  const heading = ['requests', 'protocol', 'method', 'sent', 'ok', 'failed', ...FAILURES, 'p50 ms', 'p99 ms'];
  const rows = kinds.map((kind) => [
    kind.name,
    kind.protocol,
    kind.method,
    kind.sent,
    kind.ok,
    failures(kind),
    ...FAILURES.map((why) => kind.failed[why]),
    kind.p50.toFixed(1),
    kind.p99.toFixed(1),
  ]);
  const sum = [
    'all',
    '',
    '',
    sent,
    ok,
    failed,
    ...FAILURES.map((why) => kinds.reduce((all, kind) => all + kind.failed[why], 0)),
    '',
    '',
  ];
  const table = [heading, ...rows, sum].map((row) => row.map(String));
  const widths = heading.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '),
  );
  const rate = `${(sent / seconds).toFixed(0)} requests a second for ${seconds.toFixed(1)} s; sent at most ${longestDelay.toFixed(0)} ms late.`;
  const told = kinds.flatMap((kind) =>
    kind.failures.map(({ sentence }) => `${kind.name} (${kind.protocol} ${kind.method}) ${sentence}`),
  );
  return [...lines.map((line) => line.trimEnd()), rate, ...told].join('\n');
}
