import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventWriter } from '../../../src/announce/event-writer.ts';
import type { Announcement } from '../../../src/announce/standing.ts';
import { MemoryApi } from './memory-api.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function start() {
  const api = new MemoryApi();
  const failures: unknown[] = [];
  let dropped = 0;
  const writer = new EventWriter({
    ...{ api, identity: 'replica' },
    onAttempt: (_, error) => failures.push(error),
    onDropped: (count) => {
      dropped += count;
    },
  });
  const written = () => [...api.objects.values()] as unknown as readonly Written[];
  return { api, writer, failures, written, dropped: () => dropped };
}

interface Written {
  readonly note: string;
  readonly series?: { readonly count: number };
  readonly regarding: { readonly uid?: string };
}

const announce = (name: string, note = 'It is so.', reason = 'Live'): Announcement => ({
  ...{ object: `Service shop/${name}`, type: 'Normal', reason, note },
});
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('Events', () => {
  test('are written one after the other, and slowly', async () => {
    const { writer, written } = start();
    writer.add(Array.from({ length: 20 }, (_, index) => announce(`p${index}`)));
    await pass(0);
    expect(written()).toHaveLength(1);
    await pass(999);
    expect(written()).toHaveLength(5);
    await pass(3_000);
    expect(written()).toHaveLength(20);
  });

  test('that repeat what was told are counted on the one that is there', async () => {
    const { writer, written } = start();
    for (let times = 0; times < 5; times++) {
      writer.add([announce('p', `After ${times} ms.`)]);
      await pass(1_000);
    }
    expect(written()).toMatchObject([{ note: 'After 0 ms.', series: { count: 5 }, regarding: { uid: 'uid' } }]);
    await pass(60_000);
    writer.add([announce('p', 'After 9 ms.')]);
    await pass(0);
    expect(written().map(({ note }) => note)).toEqual(['After 0 ms.', 'After 9 ms.']);
  });

  test('are written anew where the API server has forgotten the one to count on', async () => {
    const { api, writer, written } = start();
    writer.add([announce('p')]);
    await pass(1_000);
    api.objects.clear();
    writer.add([announce('p')]);
    await pass(1_000);
    expect(written()).toHaveLength(1);
  });

  test('wait while the API server is away, a thousand of them and not more, the latest', async () => {
    const { api, writer, written, dropped, failures } = start();
    api.refusal = 503;
    writer.add(Array.from({ length: 1_500 }, (_, index) => announce(`p${index}`)));
    await pass(60_000);
    expect(api.sent.length).toBe(0);
    expect(dropped()).toBe(500);
    expect(failures.length).toBeGreaterThan(1);
    expect(failures.length).toBeLessThan(10);
    api.refusal = undefined;
    await pass(300_000);
    expect(written()).toHaveLength(1_000);
  });

  test('are not tried again for minutes in a namespace where the right is missing', async () => {
    const { api, writer, failures } = start();
    api.refusal = 403;
    writer.add(Array.from({ length: 50 }, (_, index) => announce(`p${index}`)));
    await pass(60_000);
    expect(failures).toHaveLength(1);
  });

  test('have words that the API takes, however long the problem is', async () => {
    const { writer, written } = start();
    writer.add([announce('p', 'é'.repeat(2_000))]);
    await pass(0);
    expect(Buffer.byteLength(written()[0]!.note)).toBeLessThanOrEqual(1_024);
    expect(written()[0]!.note).not.toContain('\uFFFD');
  });
});
