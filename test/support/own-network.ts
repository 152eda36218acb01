import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** Set for those that run in a network of their own. */
const MARK = 'IN_OWN_NETWORK';

const SET_UP = 'ip link set lo up && ip route add local 10.0.0.0/8 dev lo && exec "$@"';

/**
 * Whether this process has a network of its own, in which all of 10.0.0.0/8 is this machine: an API server takes no address
 * of loopback into an EndpointSlice.
 */
export const inOwnNetwork = process.env[MARK] !== undefined;

/**
 * Runs a script of Node's in a network of its own, with the terminal of this one.
 *
 * @returns its exit status.
 */
export async function runInOwnNetwork(script: string, args: readonly string[]): Promise<number> {
  const command = ['--user', '--map-root-user', '--net', 'sh', '-c', SET_UP, 'sh', process.execPath, script, ...args];
  const child = spawn('unshare', command, { stdio: 'inherit', env: { ...process.env, [MARK]: 'yes' } });
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, forward);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal!];
  } finally {
    for (const each of signals) process.off(each, forward);
  }
}
