import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEnvoy } from '../../../src/gateway/index.ts';
import { freePort } from '../../support/ports.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shunt-start-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A shell script in Envoy's place. */
function standIn(script: string): string {
  const path = join(folder, 'envoy');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function start(binary: string, { port, onLog }: { port?: number; onLog?: (line: string) => void } = {}) {
  return startEnvoy({
    binary,
    bootstrap: {
      xds: { host: '127.0.0.1', port: 18000 },
      nodeId: 'gateway',
      protocol: 'delta',
      admin: { host: '127.0.0.1', port: port ?? (await freePort()) },
    },
    logLevel: 'warning',
    ...(onLog === undefined ? {} : { onLog }),
  });
}

describe('an Envoy', () => {
  test('is started with its bootstrap, and so that several run on one machine', async () => {
    const lines: string[] = [];
    const envoy = await start(standIn('for word in "$@"; do echo "$word" >&2; done'), {
      onLog: (line) => lines.push(line),
    });
    await envoy.ended;
    expect(lines).toContain('--disable-hot-restart');
    expect(JSON.parse(lines[lines.indexOf('--config-yaml') + 1]!)).toHaveProperty('node.id', 'gateway');
  });

  test('that ends by itself says how, with the last lines of its log', async () => {
    const envoy = await start(standIn('for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $n" >&2; done; exit 3'));
    expect(await envoy.ended).toEqual({
      how: 'exit status 3',
      lastLines: Array.from({ length: 10 }, (_, index) => `line ${index + 3}`),
    });
  });

  test('is ended by stop, which waits for it', async () => {
    const envoy = await start(standIn('exec sleep 1000'));
    await envoy.stop();
    expect(await envoy.ended).toMatchObject({ how: 'SIGTERM' });
  });

  test('that cannot be started is named in the sentence', async () => {
    const missing = join(folder, 'none');
    await expect(start(missing)).rejects.toThrow(`the Envoy "${missing}" cannot be started (ENOENT).`);
  });

  test('whose admin address is taken is not started, and the sentence names the setting', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    try {
      await expect(start(standIn('exit 0'), { port })).rejects.toThrow(
        `setting envoy-admin: 127.0.0.1:${port} is in use by another process; choose another with --envoy-admin IP:PORT.`,
      );
    } finally {
      taken.close();
    }
  });
});
