import { readFileSync } from 'node:fs';

/** A tick of the clock that Linux counts CPU time in: USER_HZ, 100 a second on every machine it runs on (time(7)). */
const TICK_MS = 10;

/** The CPU time that a process has taken until now, in its own code and in the kernel's for it, in milliseconds. */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, the second field, is in parentheses and may hold anything; utime and stime are fields 14 and 15 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
