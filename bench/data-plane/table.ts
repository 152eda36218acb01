import { formatTable } from '../table.ts';
import type { Cell, Run } from './measure.ts';

/** Medians, one line for each scenario at each gateway; all are compared with the first, the plain route. */
export function formatCells(cells: readonly Cell[]): string {
  const plain = summarize(cells[0]!);
  const rows = cells.map((cell) => {
    const { cpu, low, high, rate } = summarize(cell);
    return [
      `${cell.gateway.title}, ${cell.scenario.title}`,
      cpu.toFixed(1),
      `${low.toFixed(1)}–${high.toFixed(1)}`,
      (cpu / plain.cpu).toFixed(2),
      Math.round(rate).toLocaleString('en'),
      (rate / plain.rate).toFixed(2),
    ];
  });
  return formatTable(['', 'CPU µs/request', 'of the runs', '/ plain', 'requests/s', '/ plain'], rows);
}

function summarize({ runs }: Cell) {
  const sorted = (of: (run: Run) => number) => runs.map(of).sort((a, b) => a - b);
  const median = (values: readonly number[]) => values[values.length >> 1]!;
  const cpu = sorted((run) => run.cpuPerRequest);
  return { cpu: median(cpu), low: cpu[0]!, high: cpu.at(-1)!, rate: median(sorted((run) => run.requestsPerSecond)) };
}
