import { spawn } from 'node:child_process';

/**
 * Makes sure that a process does not outlive this one, however this one ends: a small shell waits for the end of a pipe
 * whose other end only we hold, which the system closes even after a SIGKILL, and then ends the process.
 * @returns what to call once the process has ended by itself, so that its number, given to another, is left alone.
 */
export function endWithUs(pid: number): () => void {
  const watchdog = spawn('sh', ['-c', 'read -r _; kill -s KILL "$1"', 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // In a process group of its own: an interrupt at the terminal is for us, and must not end the watchdog before us.
    detached: true,
  });
  // A system without `sh` goes without.
  watchdog.on('error', () => {});
  watchdog.unref();
  return () => watchdog.kill('SIGKILL');
}
