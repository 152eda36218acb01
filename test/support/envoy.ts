import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  type ControlPlaneTls,
  type Ending,
  type EnvoyLogLevel,
  type FoundEnvoy,
  findEnvoy,
  startEnvoy,
  writeSdsFiles,
} from '../../src/gateway/index.ts';
import type { Protocol } from '../../src/settings/index.ts';
import { freePort } from './ports.ts';

let found: Promise<FoundEnvoy | undefined> | undefined;

/**
 * Whether there is an Envoy for tests; installs it if need be.
 *
 *     const envoy = await envoyOrSkip();
 *     describe.skipIf(envoy === undefined)('…', …);
 *
 * @returns undefined on a person's machine that has none, having said how to get one.
 * @throws in CI (the environment variable CI is set), where a test that is skipped in silence is worse than one that fails.
 */
export function envoyOrSkip(): Promise<FoundEnvoy | undefined> {
  found ??= findEnvoy({ onProgress: (line) => console.warn(line) }).catch((error: Error) => {
    if (process.env.CI !== undefined && process.env.CI !== '') throw error;
    console.warn(`Tests with a real Envoy are skipped: ${error.message}`);
    return undefined;
  });
  return found;
}

export interface TestEnvoyOptions {
  /** Where the control plane under test serves ADS, on 127.0.0.1. */
  readonly xdsPort: number;
  /** Default: delta. */
  readonly protocol?: Protocol;
  readonly nodeId?: string;
  /** The namespace whose Services it reaches by their short names. */
  readonly namespace?: string;
  /** Default: plaintext. */
  readonly tls?: ControlPlaneTls;
  /**
   * What `startTestEnvoy` waits for: `ready`, that the control plane has given it clusters and listeners (default), or
   * `running`, where there is no control plane yet.
   */
  readonly until?: 'ready' | 'running';
  /** Default: warning. The lines are in `log`. */
  readonly logLevel?: EnvoyLogLevel;
  /** Variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Threads that serve requests. Default: 1. */
  readonly concurrency?: number;
}

export interface TestEnvoy {
  readonly pid: number;
  readonly adminPort: number;
  /** The lines of its log so far. */
  readonly log: readonly string[];
  readonly ended: Promise<Ending>;
  /** What its admin interface answers to a path: `/clusters?format=json`. */
  admin(path: string, method?: 'GET' | 'POST'): Promise<string>;
  /** The counters and gauges whose names match a regular expression. */
  stats(filter: string): Promise<Record<string, number>>;
  /** The `…update_rejected` counters that are not zero: which kinds of configuration it has refused. */
  rejected(): Promise<Record<string, number>>;
  configDump(): Promise<{ readonly configs: readonly Record<string, unknown>[] }>;
  /** Waits until it has clusters and listeners from a control plane. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a real Envoy that takes its configuration from a control plane on this machine. */
export async function startTestEnvoy(options: TestEnvoyOptions): Promise<TestEnvoy> {
  const envoy = await envoyOrSkip();
  if (envoy === undefined) throw new Error('There is no Envoy: ask envoyOrSkip before a test that needs one.');
  if (options.tls !== undefined) await writeSdsFiles(options.tls);
  const adminPort = await freePort();
  const log: string[] = [];
  const running = await startEnvoy({
    binary: envoy.binary,
    bootstrap: {
      xds: { host: '127.0.0.1', port: options.xdsPort },
      nodeId: options.nodeId ?? 'test-gateway',
      protocol: options.protocol ?? 'delta',
      namespace: options.namespace,
      tls: options.tls,
      admin: { host: '127.0.0.1', port: adminPort },
    },
    logLevel: options.logLevel ?? 'warning',
    environment: options.environment,
    concurrency: options.concurrency ?? 1,
    onLog: (line) => log.push(line),
  });
  let ending: Ending | undefined;
  void running.ended.then((how) => {
    ending = how;
  });

  const ask = (path: string, method: 'GET' | 'POST' = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${adminPort}${path}`, { method });
  const admin = async (path: string, method?: 'GET' | 'POST'): Promise<string> => {
    const response = await ask(path, method);
    const text = await response.text();
    if (!response.ok) throw new Error(`Envoy's admin interface answers ${response.status} to ${path}: ${text}`);
    return text;
  };
  const stats = async (filter: string): Promise<Record<string, number>> => {
    const text = await admin(`/stats?filter=${encodeURIComponent(filter)}`);
    const values = text.split('\n').flatMap((line) => {
      const match = /^(.+): ([0-9]+)$/.exec(line);
      return match === null ? [] : [[match[1]!, Number(match[2])] as const];
    });
    return Object.fromEntries(values);
  };
  /** Asks as long as Envoy lives, at most 30 s. */
  const untilAnswer = async (wanted: (status: number) => boolean): Promise<void> => {
    for (let tries = 0; tries < 1_500; tries++) {
      if (ending !== undefined) throw new Error(`Envoy ended with ${ending.how}:\n${ending.lastLines.join('\n')}`);
      const status = await ask('/ready').then(
        async (response) => {
          await response.text();
          return response.status;
        },
        () => undefined,
      );
      if (status !== undefined && wanted(status)) return;
      await setTimeout(20);
    }
    throw new Error(`Envoy runs, but is not ready after 30 s:\n${log.slice(-10).join('\n')}`);
  };
  const ready = (): Promise<void> => untilAnswer((status) => status === 200);

  try {
    await (options.until === 'running' ? untilAnswer(() => true) : ready());
  } catch (error) {
    await running.stop();
    throw error;
  }
  return {
    pid: running.pid,
    adminPort,
    log,
    ended: running.ended,
    admin,
    stats,
    async rejected() {
      const counters = await stats('update_rejected$');
      return Object.fromEntries(Object.entries(counters).filter(([, value]) => value > 0));
    },
    async configDump() {
      return JSON.parse(await admin('/config_dump?include_eds'));
    },
    ready,
    stop: () => running.stop(),
  };
}

export interface Verdict {
  readonly accepted: boolean;
  /** What Envoy says at the level of a warning or worse: why it refuses, or what it will no longer accept one day. */
  readonly complaints: readonly string[];
}

/** Asks a real Envoy what it thinks of a complete configuration, in YAML or JSON, without running it. */
export async function validateConfig(config: string): Promise<Verdict> {
  const envoy = await envoyOrSkip();
  if (envoy === undefined) throw new Error('There is no Envoy: ask envoyOrSkip before a test that needs one.');
  const folder = mkdtempSync(join(tmpdir(), 'shunt-validate-'));
  try {
    const path = join(folder, 'envoy.yaml');
    writeFileSync(path, config);
    return await new Promise<Verdict>((resolve) => {
      execFile(
        envoy.binary,
        ['--mode', 'validate', '--config-path', path, '--log-level', 'warning', '--log-format', '%l %v'],
        { maxBuffer: 64 * 1024 * 1024 },
        (error, _stdout, stderr) => {
          const complaints = stderr.split('\n').filter((line) => /^(warning|error|critical) /.test(line));
          resolve({ accepted: error === null, complaints });
        },
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
