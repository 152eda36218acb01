import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { COMINGS_AND_GOINGS } from '../../../src/xds/log.ts';
import { LogQuota } from '../../../src/xds/log-quota.ts';

let lines: string[];
let now: number;
let quota: LogQuota;

beforeEach(() => {
  lines = [];
  now = 0;
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  quota = new LogQuota(log, COMINGS_AND_GOINGS, () => now);
});

const taken = (address: string | undefined, times: number) =>
  Array.from({ length: times }, () => quota.take(address)).filter((may) => may).length;

describe('the lines that the log has for the comings and goings of the clients of an address', () => {
  it('are 300 a minute, and their end is announced once', () => {
    expect(taken('10.0.0.1', 1_000)).toBe(300);
    expect(lines).toEqual([
      'Clients at 10.0.0.1 come, go or refuse so often that no more is logged of it for up to a minute; at the level debug, all is.',
    ]);
    now = 59_999;
    expect(taken('10.0.0.1', 1)).toBe(0);
    now = 60_000;
    expect(taken('10.0.0.1', 1_000)).toBe(300);
    expect(lines).toHaveLength(2);
  });

  it('are not fewer because of those of others', () => {
    taken('10.0.0.1', 1_000);
    taken(undefined, 1_000);
    expect(taken('10.0.0.2', 1_000)).toBe(300);
  });

  it('are shared by all addresses beyond ten thousand', () => {
    for (let i = 0; i < 10_000; i++) quota.take(`address ${i}`);
    const more = Array.from({ length: 1_000 }, (_, i) => quota.take(`more ${i}`)).filter((may) => may);
    expect(more).toHaveLength(300);
    expect(lines).toEqual([expect.stringContaining('Clients at many addresses')]);
    expect(taken('address 1', 1_000)).toBe(299);
  });
});
