import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { formatHostPort, type HostPort } from '../settings/index.ts';
import { type BootstrapOptions, bootstrapConfig } from './bootstrap.ts';
import { endWithUs } from './watchdog.ts';

export interface StartOptions {
  readonly binary: string;
  readonly bootstrap: BootstrapOptions;
  /** Of Envoy's own log. */
  readonly logLevel: EnvoyLogLevel;
  /** Variables of its environment besides this process's. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Called with each line of Envoy's log. */
  readonly onLog?: (line: string) => void;
  /** Threads that serve requests; by default one for each of the machine's. */
  readonly concurrency?: number;
}

export type EnvoyLogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';

/** A running Envoy. It ends at the latest when this process does, however that ends. */
export interface Envoy {
  readonly pid: number;
  /** Settles when it has ended, asked to or not; never rejects. */
  readonly ended: Promise<Ending>;
  /** Ends it, within 5 s if it does not listen, and waits for that. Requests under way are cut off. */
  stop(): Promise<void>;
}

export interface Ending {
  /** `exit status 1` or `SIGKILL`. */
  readonly how: string;
  /** The last lines of its log. */
  readonly lastLines: readonly string[];
}

const keptLines = 10;
const patienceMs = 5_000;

/**
 * Starts an Envoy. It is running when the promise settles; whether it is ready, its admin interface says.
 * @throws if the address of its admin interface cannot be had, or the program cannot be started: a sentence.
 */
export async function startEnvoy(options: StartOptions): Promise<Envoy> {
  const { binary, bootstrap, logLevel, environment, onLog, concurrency } = options;
  await requireFree(bootstrap.admin);
  const child = spawn(
    binary,
    [
      // JSON is YAML; given here, it leaves no file to clean up.
      ...['--config-yaml', JSON.stringify(bootstrapConfig(bootstrap))],
      // Without it two Envoys on one machine get in each other's way: they share memory by number.
      '--disable-hot-restart',
      ...['--log-level', logLevel, '--log-format', '%Y-%m-%dT%H:%M:%S.%e %l %v'],
      ...(concurrency === undefined ? [] : ['--concurrency', String(concurrency)]),
    ],
    // In a process group of its own: an interrupt at the terminal is for us, who then end it.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, ...environment } },
  );
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > keptLines) lastLines.shift();
    onLog?.(line);
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new Error(`the Envoy "${binary}" cannot be started (${(error as NodeJS.ErrnoException).code}).`);
  }
  const leaveAlone = endWithUs(child.pid!);
  child.once('exit', leaveAlone);
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => resolve({ how: signal ?? `exit status ${code}`, lastLines }));
  });
  return {
    pid: child.pid!,
    ended,
    async stop() {
      child.kill('SIGTERM');
      const impatient = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await ended;
      clearTimeout(impatient);
    },
  };
}

/** Envoy would end with a page of log over this; asked first, the answer names the setting. */
async function requireFree(admin: HostPort): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(admin.port, admin.host);
    await once(probe, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'is in use by another process' : `cannot be listened at (${code})`;
    throw new Error(`setting envoy-admin: ${formatHostPort(admin)} ${why}; choose another with --envoy-admin IP:PORT.`);
  }
  probe.close();
  await once(probe, 'close');
}
