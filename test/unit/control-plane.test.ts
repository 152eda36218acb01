import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startControlPlane } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import { defaultSettings } from '../../src/settings/index.ts';
import { directorySource } from '../../src/sources/directory/index.ts';
import { ScriptedSource } from './sources/last-good/scripted-source.ts';

test('readiness tells of a source that cannot be reached, also while its last known state is served', async () => {
  const source = new ScriptedSource();
  const controlPlane = await startControlPlane({
    settings: defaultSettings({ xds: { host: '127.0.0.1', port: 0 }, admin: { host: '127.0.0.1', port: 0 } }),
    source,
    log: createLogger('silent'),
  });
  const readyz = async () => {
    const answer = await fetch(`http://127.0.0.1:${controlPlane.admin.port}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  };
  try {
    await source.started;
    source.outage();
    expect(await readyz()).toBe('503 not ready: the first full sync has not come yet.\nwatch: Cannot list. See why.\n');
    source.say({ upserts: [], deletes: [] });
    await controlPlane.ready;
    expect(await readyz()).toBe('200 ready\nwatch: Cannot list. See why.\n');
  } finally {
    await controlPlane.close();
  }
});

test('a control plane warns of a preview domain that only an Envoy with our bootstrap takes', async () => {
  const said = async (previewDomain: string) => {
    const lines: string[] = [];
    const starting = startControlPlane({
      settings: defaultSettings({
        xds: { host: '127.0.0.1', port: 0 },
        admin: { host: '127.0.0.1', port: 0 },
        previewDomain,
      }),
      source: directorySource(import.meta.dirname),
      log: createLogger('warn', { write: (line) => lines.push(line) }),
    });
    await (await starting).close();
    return lines.join('');
  };
  expect(await said(`${'a'.repeat(37)}.example.com`)).toBe('');
  expect(await said(`${'a'.repeat(38)}.example.com`)).toContain('The setting preview-domain has 50 characters');
});

test('a control plane whose source can never work says so before it serves, and nothing else', async () => {
  const lines: string[] = [];
  const starting = startControlPlane({
    settings: defaultSettings({ xds: { host: '127.0.0.1', port: 0 }, admin: { host: '127.0.0.1', port: 0 } }),
    source: directorySource(join(import.meta.dirname, 'missing')),
    log: createLogger('trace', { write: (line) => lines.push(line) }),
  });
  await expect(starting).rejects.toThrow(/missing does not exist\. Make it/);
  expect(lines).toEqual([]);
});
