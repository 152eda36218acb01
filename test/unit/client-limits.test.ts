import { expect, test } from 'vitest';
import { clientLimits } from '../../src/client-limits.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { DEFAULT_LIMITS } from '../../src/xds/limits.ts';

const settings = (env: Record<string, string> = {}) => loadSettings({ given: [], problems: [] }, env);

test('without settings, what Envoys may cost is what the library has by itself', () => {
  expect({ ...DEFAULT_LIMITS, ...clientLimits(settings()) }).toEqual(DEFAULT_LIMITS);
});

test('the settings are for all Envoys, and those of one identity or address have a part of it', () => {
  const env = { SHUNT_XDS_STREAMS: '101', SHUNT_XDS_REQUESTS: '10', SHUNT_XDS_MEMORY: '100' };
  expect(clientLimits(settings(env))).toEqual({
    streams: 101,
    peerStreams: 50,
    peerRequests: { burst: 400, perSecond: 10 },
    memoryBytes: 100 * 1024 * 1024,
    peerMemoryBytes: 75 * 1024 * 1024,
  });
});
