import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { formatProblem } from '../../src/problems.ts';
import type { ResourceUpdate } from '../../src/resources/index.ts';
import { ResourceStore } from '../../src/resources/index.ts';
import type { ServiceRecord, SourceRecord } from '../../src/sources/source.ts';
import { baseline, preview, slice } from '../support/records.ts';

const silent = pino({ level: 'silent' });
const NOON = Date.UTC(2030, 0, 1, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

beforeEach(() => vi.useFakeTimers({ now: NOON }));
afterEach(() => vi.useRealTimers());

/** A pipeline with a baseline, and what it sent since it was last asked. */
function start() {
  const updates: ResourceUpdate[] = [];
  const store = new ResourceStore();
  const sink = {
    apply(update: ResourceUpdate) {
      updates.push(update);
      return store.apply(update);
    },
  };
  const problems = new ProblemLog(silent);
  const options = { listen: [], previewDomain: 'preview.example.com', carriers: { host: true } };
  const pipeline = new Pipeline(options, sink, problems, silent);
  const change = (...upserts: SourceRecord[]) => pipeline.changed({ upserts, deletes: [] });
  change(baseline('shop/api'), slice('shop/api', ['10.0.0.1']), slice('shop/copy', ['10.0.0.9']));
  updates.length = 0;
  return {
    pipeline,
    change,
    said: () => problems.current().map(formatProblem),
    sent: () => updates.splice(0).flatMap(({ set }) => set.map(({ name }) => name)),
  };
}

function copy(annotations: Record<string, string>, fields: Partial<ServiceRecord> = {}): ServiceRecord {
  return preview('shop/copy', 'api', 'k', { annotations, ...fields });
}

const ttl = (text: string) => ({ 'shunt.dev/ttl': text });
const expiresAt = (text: string) => ({ 'shunt.dev/expires-at': text });

it('leaves a preview out at the very time that it says, with one push, and tells its owner', () => {
  const { change, said, sent } = start();
  change(copy(expiresAt('2030-01-01T12:30:00Z')));
  expect(sent()).toEqual(['shop/api/80']);
  vi.advanceTimersByTime(30 * MINUTE - 1);
  expect(sent()).toEqual([]);
  expect(said()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sent()).toEqual(['shop/api/80']);
  expect(said()).toEqual([
    'Service shop/copy: it expired at 2030-01-01T12:30:00.000Z (shunt.dev/expires-at: 2030-01-01T12:30:00Z); it receives ' +
      'nothing. Delete it, or write a later shunt.dev/expires-at or a longer shunt.dev/ttl.',
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

it('counts a ttl from when the object was created', () => {
  const { change, sent, said } = start();
  change(copy(ttl('72h'), { createdAt: NOON - 71 * HOUR }));
  sent();
  vi.advanceTimersByTime(HOUR);
  expect(sent()).toEqual(['shop/api/80']);
  expect(said().join()).toContain('expired at 2030-01-01T13:00:00.000Z (shunt.dev/ttl: 72h)');
});

it('counts a ttl from when the object was first seen, if it does not tell its age, whatever is changed meanwhile', () => {
  const { change, sent } = start();
  change(copy(ttl('2h')));
  vi.advanceTimersByTime(HOUR);
  change(copy(ttl('2h'), { place: 'moved.yaml:7' }));
  sent();
  vi.advanceTimersByTime(HOUR - 1);
  expect(sent()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sent()).toEqual(['shop/api/80']);
});

it('never takes a preview whose time was over before it came', () => {
  const { change, sent, said } = start();
  change(copy(ttl('1h'), { createdAt: NOON - HOUR }));
  expect(sent()).toEqual([]);
  expect(said()).toHaveLength(1);
});

it('takes a preview back when its annotation is changed, and forgets the problem', () => {
  const { change, sent, said } = start();
  change(copy(expiresAt('2030-01-01T12:30:00Z')));
  vi.advanceTimersByTime(HOUR);
  sent();
  change(copy(expiresAt('2030-01-01T15:00:00Z')));
  expect(sent()).toEqual(['shop/api/80']);
  expect(said()).toEqual([]);
  vi.advanceTimersByTime(2 * HOUR);
  expect(sent()).toEqual(['shop/api/80']);
});

it('frees the key for the preview that waited for it', () => {
  const { change, said } = start();
  change(copy(ttl('1h'), { createdAt: NOON }));
  change(preview('shop/later', 'api', 'k'));
  expect(said().join()).toContain('has the key "k" for shop/api already');
  vi.advanceTimersByTime(HOUR);
  expect(said()).toEqual([expect.stringContaining('Service shop/copy: it expired')]);
});

it('no longer declares the key of an expired preview', () => {
  const { change, sent } = start();
  change(copy({}), preview('shop/db-alice', 'db', 'k.alice', { annotations: ttl('1h') }));
  sent();
  vi.advanceTimersByTime(HOUR);
  expect(sent()).toEqual(['shop/api/80']);
});

it('does so to each of several previews in its turn', () => {
  const { change, sent } = start();
  change(
    copy(ttl('2h')),
    preview('shop/other', 'api', 'k2', { annotations: ttl('1h') }),
    slice('shop/other', ['10.0.0.8']),
  );
  sent();
  vi.advanceTimersByTime(HOUR);
  expect(sent()).toEqual(['shop/api/80']);
  vi.advanceTimersByTime(HOUR);
  expect(sent()).toEqual(['shop/api/80']);
});

it('waits longer than one timer can', () => {
  const { change, sent } = start();
  change(copy(ttl('60d')));
  sent();
  vi.advanceTimersByTime(60 * DAY - 1);
  expect(sent()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sent()).toEqual(['shop/api/80']);
});

it('follows the clock when it is set back, and within a minute when it is set forward', () => {
  const { change, sent } = start();
  change(copy(expiresAt('2030-01-01T12:30:00Z')));
  sent();
  vi.setSystemTime(NOON - HOUR);
  vi.advanceTimersByTime(HOUR);
  expect(sent()).toEqual([]);
  vi.setSystemTime(NOON + DAY);
  vi.advanceTimersByTime(MINUTE);
  expect(sent()).toEqual(['shop/api/80']);
});

it('leaves an expired preview out even if the clock is set back afterwards', () => {
  const { change, sent } = start();
  change(copy(expiresAt('2030-01-01T12:30:00Z')));
  vi.advanceTimersByTime(HOUR);
  sent();
  vi.setSystemTime(NOON);
  change(slice('shop/copy', ['10.0.0.10']));
  vi.advanceTimersByTime(MINUTE);
  expect(sent()).toEqual([]);
});

it('waits for nothing once it is stopped', () => {
  const { pipeline, change } = start();
  change(copy(ttl('1h')));
  expect(vi.getTimerCount()).toBe(1);
  pipeline.stop();
  expect(vi.getTimerCount()).toBe(0);
});
