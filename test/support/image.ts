import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Built } from './dockerfile.ts';
import { History } from './history.ts';
import type { LogLine } from './shunt.ts';

export interface RunningContainer {
  /** Where it serves health. */
  readonly adminPort: number;
  readonly log: History<LogLine>;
  /** Ends it as a container is ended. @returns its exit status. */
  stop(): Promise<number | null>;
}

/**
 * Runs what an image would: its entrypoint, by its user where this process is root, with its variables and no others.
 *
 * @param args in place of its own.
 * @param env variables besides, or in place of, its own.
 * @throws what it says, if it ends by itself before it serves.
 */
export async function runContainer(
  { command, folder, env: own, user }: Built,
  args: readonly string[] | undefined,
  env: Readonly<Record<string, string>>,
): Promise<RunningContainer> {
  const [program, main, ...defaults] = command;
  if (program !== 'node') throw new Error(`The image runs ${program}, which this cannot.`);
  const [uid, gid] = user.split(':').map(Number);
  const child = spawn(process.execPath, [main!, ...(args ?? defaults)], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...own, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
  });
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  const log = new History<LogLine>();
  const rest: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('{')) log.add(JSON.parse(line) as LogLine);
    else rest.push(line);
  });
  const ended = once(child, 'close').then(([code]) => {
    process.off('exit', killNow);
    log.end(new Error(`The container has ended with ${code}: ${rest.join('\n')}`));
    return code as number | null;
  });
  const serving = await log.first(({ msg }) => msg.startsWith('serving ADS on'));
  return {
    adminPort: Number(String(serving.admin).split(':').at(-1)),
    log,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
