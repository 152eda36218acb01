import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startControlPlane } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import { defaultSettings } from '../../src/settings/index.ts';
import { directorySource } from '../../src/sources/directory/index.ts';

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
