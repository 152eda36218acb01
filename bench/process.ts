import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { endWithUs } from '../src/gateway/watchdog.ts';

export interface ProcessOptions {
  /** In messages. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The file that takes what it writes to stdout and stderr: a pipe would wake up the process that measures. */
  readonly log: string;
  /** Told how to end it, which waits until it has ended. */
  readonly onStart: (stop: () => Promise<void>) => void;
  /** Told if it ends without having been asked to. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Starts a process that ends at the latest when this one does.
 *
 * @returns its id.
 * @throws if there is no such program.
 */
export async function startProcess(options: ProcessOptions): Promise<number> {
  const { title, command, args, log, onStart, onFailure } = options;
  const output = openSync(log, 'a');
  // In a process group of its own: an interrupt at the terminal is for us, who then end it.
  const child = spawn(command, args, { stdio: ['ignore', output, output], detached: true });
  closeSync(output);
  await once(child, 'spawn');
  const leaveAlone = endWithUs(child.pid!);
  let asked = false;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      leaveAlone();
      resolve();
      if (asked) return;
      const lastLines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10);
      onFailure(
        new Error([`${title} ended with ${signal ?? `exit status ${code}`}. Its last lines:`, ...lastLines].join('\n')),
      );
    });
  });
  onStart(async () => {
    asked = true;
    child.kill('SIGTERM');
    const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    await ended;
    clearTimeout(impatient);
  });
  return child.pid!;
}

const PATIENCE_MS = 5_000;
