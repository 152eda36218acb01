import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLastGood } from '../../../../src/sources/last-good/index.ts';
import type { ServiceRecord, Source, SourceRecord } from '../../../../src/sources/source.ts';
import { Recorder } from '../recorder.ts';
import { ScriptedSource } from './scripted-source.ts';

/** No test waits for so long. */
const NEVER_MS = 10_000_000;

function service(name: string, port = 80): ServiceRecord {
  const ports = Object.freeze([Object.freeze({ name: 'http', port, protocol: 'TCP' as const })]);
  const labels = Object.freeze({ 'shunt.dev/role': 'baseline' });
  return Object.freeze({ kind: 'Service', namespace: 'shop', name, labels, annotations: Object.freeze({}), ports });
}

function world(...records: readonly SourceRecord[]) {
  return { upserts: records, deletes: [] };
}

let folder: string;
let path: string;
const sources: Source[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shunt-last-good-'));
  path = join(folder, 'state');
});

afterEach(async () => {
  for (const source of sources.splice(0)) await source.stop();
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly inner: ScriptedSource;
  readonly source: Source;
  readonly seen: Recorder;
  /** Settles as `start` does. */
  readonly start: Promise<void>;
}

/** Starts a process's source, which uses the same file as those before it. */
async function begin({ scope = 'shop', patienceMs = NEVER_MS, pauseMs = NEVER_MS } = {}): Promise<Run> {
  const inner = new ScriptedSource();
  const source = withLastGood(inner, { path, scope, timing: { patienceMs, pauseMs } });
  sources.push(source);
  const seen = new Recorder();
  const start = source.start(seen);
  await inner.started;
  return { inner, source, seen, start };
}

/** A process that saw this and ended. */
async function earlier(...records: readonly SourceRecord[]): Promise<void> {
  const { inner, source, start } = await begin();
  inner.say(world(...records));
  await start;
  await source.stop();
}

describe('while the source can be reached', () => {
  it('it is passed on unchanged', async () => {
    const { inner, seen, start } = await begin();
    inner.say(world(service('api')));
    await start;
    inner.say(world(service('api', 81)));
    expect(seen.changes).toEqual([world(service('api')), world(service('api', 81))]);
    expect(seen.sentences()).toEqual([]);
  });

  it('what was saved is not served, though it was there first', async () => {
    await earlier(service('old'));
    const { inner, seen, start } = await begin();
    expect(seen.changes).toEqual([]);
    inner.say(world(service('new')));
    await start;
    expect(seen.changes).toEqual([world(service('new'))]);
  });

  it('it is told what was saved, for what it may not read', async () => {
    await earlier(service('old'));
    expect((await begin()).inner.lastKnown).toEqual([service('old')]);
  });

  it('each change is saved a while later, without an end of the process', async () => {
    const first = await begin({ pauseMs: 1 });
    first.inner.say(world(service('api')));
    await first.start;
    while (!readdirSync(folder).includes('state')) await new Promise((resolve) => setImmediate(resolve));
    const second = await begin();
    second.inner.outage();
    await second.start;
    expect(second.seen.keys()).toEqual(['Service shop/api']);
  });
});

describe('a source that cannot be reached at the start', () => {
  it('is stood in for by what was saved, which is marked as stale', async () => {
    await earlier(service('api'), service('web'));
    const { inner, seen, start } = await begin();
    inner.outage();
    await start;
    expect(seen.keys()).toEqual(['Service shop/api', 'Service shop/web']);
    expect(seen.problemsOf('last good state: serving')).toMatchObject([{ code: 'source-stale', object: path }]);
  });

  it('is stood in for likewise when it says nothing at all for a while', async () => {
    await earlier(service('api'));
    const { seen, start } = await begin({ patienceMs: 1 });
    await start;
    expect(seen.keys()).toEqual(['Service shop/api']);
  });

  it('once it is back, makes just the difference, and the mark goes', async () => {
    await earlier(service('api'), service('gone'), service('web'));
    const { inner, seen, start } = await begin();
    inner.outage();
    await start;
    inner.say(world(service('api'), service('web', 81), service('new')));
    expect(seen.changes.slice(1)).toEqual([
      {
        upserts: [service('web', 81), service('new')],
        deletes: [{ kind: 'Service', namespace: 'shop', name: 'gone' }],
      },
    ]);
    expect(seen.problemsOf('last good state: serving')).toEqual([]);
    expect(seen.breaches).toEqual([]);
  });

  it('makes no change at all if nothing is different', async () => {
    await earlier(service('api'));
    const { inner, seen, start } = await begin();
    inner.outage();
    await start;
    inner.say(world(service('api')));
    expect(seen.changes).toHaveLength(1);
    inner.say({ upserts: [], deletes: [service('api')] });
    expect(seen.keys()).toEqual([]);
  });

  it('leaves nothing to serve without a file', async () => {
    const { inner, seen } = await begin({ patienceMs: 1 });
    inner.outage();
    expect(seen.changes).toEqual([]);
    inner.say(world());
    expect(seen.changes).toEqual([world()]);
  });

  it('does not cost what was saved, though the process ends meanwhile', async () => {
    await earlier(service('api'));
    const { inner, source, start } = await begin();
    inner.outage();
    await start;
    await source.stop();
    const again = await begin();
    again.inner.outage();
    await again.start;
    expect(again.seen.keys()).toEqual(['Service shop/api']);
  });
});

describe('a file that cannot be used', () => {
  it.each([
    ['is cut off', (text: string) => text.slice(0, text.length / 2), 'damaged or cut off'],
    ['has a byte changed', (text: string) => text.replace('"api"', '"apj"'), 'damaged or cut off'],
    ['is empty', () => '', 'not written by this version'],
    ['is something else', () => '{"format":"cake"}\n', 'not written by this version'],
    ['lacks its records', (text: string) => text.split('\n').slice(0, 1).join('\n'), 'damaged or cut off'],
  ])('because it %s is left alone, with the reason, until the source has been read', async (_, spoil, reason) => {
    await earlier(service('api'));
    writeFileSync(path, spoil(readFileSync(path, 'utf8')));
    const { inner, seen, start } = await begin({ patienceMs: 1 });
    inner.outage();
    expect(seen.changes).toEqual([]);
    expect(seen.problemsOf('last good state: reading')).toMatchObject([
      { code: 'state-unusable', object: path, message: expect.stringContaining(reason) },
    ]);
    inner.say(world(service('api')));
    await start;
    expect(seen.problemsOf('last good state: reading')).toEqual([]);
  });

  it('because it is of another cluster or of other namespaces is left alone', async () => {
    await earlier(service('api'));
    const { inner, seen } = await begin({ scope: 'bank' });
    inner.outage();
    expect(seen.changes).toEqual([]);
    expect(seen.problemsOf('last good state: reading')).toMatchObject([
      { message: expect.stringContaining('it is of "shop", and not of "bank"') },
    ]);
  });
});

describe('a file that cannot be written', () => {
  it('costs nothing but a sentence, which goes once it can', async () => {
    path = join(folder, 'missing', 'state');
    const { inner, seen, start } = await begin({ pauseMs: 1 });
    inner.say(world(service('api')));
    await start;
    await seen.until(() => seen.problemsOf('last good state: saving').length > 0);
    expect(seen.problemsOf('last good state: saving')).toMatchObject([{ code: 'state-unsaved', object: path }]);
    expect(seen.keys()).toEqual(['Service shop/api']);
    mkdirSync(join(folder, 'missing'));
    await seen.until(() => seen.problemsOf('last good state: saving').length === 0);
  });

  it('leaves no half-written file behind', async () => {
    await earlier(service('api'));
    expect(readdirSync(folder)).toEqual(['state']);
  });
});
