import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openSource } from '../../src/cli/source.ts';
import { startControlPlane } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import type { Receipt } from '../../src/receipts/index.ts';
import { defaultSettings, type LogLevel, type Settings } from '../../src/settings/index.ts';
import type { XdsEvent } from '../../src/xds/index.ts';
import { cleanEnvironment } from './environment.ts';
import { History } from './history.ts';
import type { ManifestFolder } from './manifests.ts';
import { freePort } from './ports.ts';

/** A line of Shunt's log: `msg` is the sentence, the rest depends on it. */
export interface LogLine {
  readonly level: LogLevel;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface TestShunt {
  /** Where it serves ADS, on 127.0.0.1. */
  readonly xdsPort: number;
  /** Where the gateways listen, on 127.0.0.1. Two Envoys that run at once would share it. */
  readonly gatewayPort: number;
  readonly log: History<LogLine>;
  stop(): Promise<void>;
}

/** The control plane in this process, where its events can be seen. */
export interface WatchedShunt extends TestShunt {
  readonly events: History<XdsEvent>;
  /** Where it serves health and status, on 127.0.0.1. */
  readonly adminPort: number;
  /** Of intercepts that all connected Envoys have acknowledged. */
  readonly receipts: History<Receipt>;
}

/**
 * Starts what `shunt serve --directory` starts, in this process. It has read the folder when this settles.
 * @param others settings that are not the defaults.
 */
export async function startWatchedShunt(folder: ManifestFolder, others: Partial<Settings> = {}): Promise<WatchedShunt> {
  const gatewayPort = await freePort();
  const settings = defaultSettings({
    directory: folder.path,
    xds: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    listen: [{ host: '127.0.0.1', port: gatewayPort }],
    ...others,
  });
  const events = new History<XdsEvent>();
  const receipts = new History<Receipt>();
  const lines = new History<LogLine>();
  const log = createLogger('info', { write: (line) => lines.add(JSON.parse(line) as LogLine) });
  const source = await openSource(settings, log);
  const controlPlane = await startControlPlane({
    ...{ settings, source, log },
    onEvent: (event) => events.add(event),
    onReceipt: (receipt) => receipts.add(receipt),
  });
  await controlPlane.ready;
  return {
    xdsPort: controlPlane.xds.port,
    gatewayPort,
    adminPort: controlPlane.admin.port,
    log: lines,
    events,
    receipts,
    stop: () => controlPlane.close(),
  };
}

const MAIN = join(import.meta.dirname, '../../dist/main.js');

/** The program, as a person runs it. */
export interface ShuntProcess extends TestShunt {
  readonly child: ChildProcess;
  /** Where it serves its health, on 127.0.0.1. */
  readonly adminPort: number;
}

export interface ServeOptions {
  /** Where it is to serve ADS. Default: any. */
  readonly xdsPort?: number;
  /** Default: a free one. */
  readonly gatewayPort?: number;
  /** Default: info. */
  readonly logLevel?: LogLevel;
}

/**
 * Runs `shunt serve`, as built by `npm run build`. It has read its source when this settles.
 *
 * @param source a folder, or flags that name what it is to follow.
 */
export async function runShuntServe(
  source: ManifestFolder | readonly string[],
  options: ServeOptions = {},
): Promise<ShuntProcess> {
  const { xdsPort = 0, gatewayPort = await freePort(), logLevel = 'info' } = options;
  const flags = {
    xds: `127.0.0.1:${xdsPort}`,
    admin: '127.0.0.1:0',
    listen: `127.0.0.1:${gatewayPort}`,
    'log-level': logLevel,
  };
  const args = [
    ...('path' in source ? ['--directory', source.path] : source),
    ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
  ];
  const shunt = await runShunt(['serve', ...args], gatewayPort);
  await shunt.log.first(({ msg }) => msg === 'ready');
  return shunt;
}

/**
 * Runs the program as built by `npm run build`. It serves when this settles, and is ready when its log says so.
 *
 * @param args of `shunt`, with the command `serve`.
 * @param gatewayPort where they say that gateways listen.
 * @param environment besides what the tests' own has.
 */
export async function runShunt(
  args: readonly string[],
  gatewayPort: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<ShuntProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...cleanEnvironment(), ...environment },
  });
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);

  const log = new History<LogLine>();
  const rest: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (line.startsWith('{')) log.add(JSON.parse(line) as LogLine);
    else rest.push(line);
  });
  const ended = once(child, 'close').then(([code]) => {
    process.off('exit', killNow);
    log.end(new Error(`shunt serve has ended with ${code}: ${rest.join('\n')}`));
  });
  const serving = await log.first(({ msg }) => msg.startsWith('serving ADS on'));
  return {
    xdsPort: portOf(serving.xds),
    adminPort: portOf(serving.admin),
    gatewayPort,
    log,
    child,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function portOf(address: unknown): number {
  return Number(String(address).split(':').at(-1));
}
