import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Lease } from '../../../src/announce/lease.ts';
import { MemoryApi } from './memory-api.ts';

const SECOND = 1_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function replica(api: MemoryApi, identity: string) {
  const told: boolean[] = [];
  const failures: unknown[] = [];
  const lease = new Lease({
    ...{ api, namespace: 'shunt-system', name: 'shunt', identity },
    onChange: (held) => told.push(held),
    onAttempt: (error) => failures.push(error),
  });
  lease.start();
  return { lease, told, failures };
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('a Lease', () => {
  test('is held by one replica at a time, as long as that one renews it', async () => {
    const api = new MemoryApi();
    const one = replica(api, 'one');
    await pass(0);
    const other = replica(api, 'other');
    await pass(120 * SECOND);
    expect(one.told).toEqual([true]);
    expect(other.told).toEqual([]);
    await Promise.all([one.lease.stop(), other.lease.stop()]);
  });

  test('goes to one only of two that want it at the same time', async () => {
    const api = new MemoryApi();
    const replicas = [replica(api, 'one'), replica(api, 'other')];
    await pass(60 * SECOND);
    expect(replicas.map(({ lease }) => lease.held).sort()).toEqual([false, true]);
    for (const { lease } of replicas) await lease.stop();
  });

  test('that is given back is taken by another at its next attempt', async () => {
    const api = new MemoryApi();
    const one = replica(api, 'one');
    await pass(0);
    const other = replica(api, 'other');
    await pass(SECOND);
    await one.lease.stop();
    await pass(2 * SECOND);
    expect([one.told, other.told]).toEqual([[true, false], [true]]);
    await other.lease.stop();
  });

  test('of a replica that is gone is taken after 15 s, whatever the times in it say', async () => {
    const api = new MemoryApi();
    const path = '/apis/coordination.k8s.io/v1/namespaces/shunt-system/leases/shunt';
    const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '2099-01-01T00:00:00.000000Z' };
    await api.send('PUT', path, { metadata: {}, spec });
    const other = replica(api, 'other');
    await pass(14 * SECOND);
    expect(other.told).toEqual([]);
    await pass(3 * SECOND);
    expect(other.told).toEqual([true]);
    await other.lease.stop();
  });

  test('is given up by who cannot renew it before another may take it', async () => {
    const api = new MemoryApi();
    const one = replica(api, 'one');
    await pass(0);
    api.refusal = 503;
    await pass(9 * SECOND);
    expect(one.lease.held).toBe(true);
    await pass(SECOND);
    expect(one.lease.held).toBe(false);
    await pass(2 * SECOND);
    expect(one.told).toEqual([true, false]);
    api.refusal = undefined;
    await pass(2 * SECOND);
    expect(one.told).toEqual([true, false, true]);
    await one.lease.stop();
  });
});
