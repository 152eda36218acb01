import { execFile } from 'node:child_process';

/** What came of running a program to its end; one that cannot be started has a `failure` too. */
export interface Outcome {
  readonly stdout: string;
  /** The last words of a program that failed, or why it could not be started; undefined if all went well. */
  readonly failure: string | undefined;
}

/**
 * Runs a program to its end, without a shell.
 * @throws only the reason of `signal`, when that fires.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  { env, signal }: { env?: Environment | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      { env: env as NodeJS.ProcessEnv, signal, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        if (error === null) {
          resolve({ stdout, failure: undefined });
          return;
        }
        const words = lastLines(stderr) || lastLines(stdout);
        resolve({ stdout, failure: words || (error.code === 'ENOENT' ? 'it does not exist' : error.message) });
      },
    );
  });
}

export type Environment = Readonly<Record<string, string | undefined>>;

function lastLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join(' ');
}
