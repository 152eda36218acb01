import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { decode, typeUrls } from '../../src/protos/index.ts';
import type { ResourceUpdate } from '../../src/resources/index.ts';
import { ResourceStore } from '../../src/resources/index.ts';
import type { ObjectRef, SourceRecord } from '../../src/sources/source.ts';
import { baseline, preview, slice } from '../support/records.ts';

const silent = pino({ level: 'silent' });

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function start(browserPath: string | undefined) {
  const updates: ResourceUpdate[] = [];
  const store = new ResourceStore();
  const sink = {
    apply(update: ResourceUpdate) {
      updates.push(update);
      return store.apply(update);
    },
  };
  const options = {
    listen: [],
    previewDomain: 'preview.example.com',
    carriers: { cookie: 'preview', host: true },
    browserPath,
  };
  const pipeline = new Pipeline(options, sink, new ProblemLog(silent), silent);
  return {
    pipeline,
    store,
    change: (upserts: SourceRecord[], deletes: ObjectRef[] = []) => pipeline.changed({ upserts, deletes }),
    sent: () => updates.splice(0).map(({ set }) => set.map(({ name }) => name)),
    listed() {
      const { body } = store.view().get(typeUrls.extensionConfig, 'shunt.previews')!;
      const { typed_config } = decode('envoy.config.core.v3.TypedExtensionConfig', body);
      const { metadata } = decode('envoy.extensions.filters.http.set_metadata.v3.Config', typed_config!.value!);
      const previews = metadata[0]!.value!.fields!.previews!.listValue!.values;
      return previews.map(({ structValue }) => structValue!.fields!.key!.stringValue);
    },
  };
}

const world = [baseline('shop/api'), slice('shop/api', ['10.0.0.1']), slice('shop/copy', ['10.0.0.9'])];

it('lists what there is at first, so that no Envoy starts with less', () => {
  const { change, listed } = start('/.shunt');
  change([...world, preview('shop/copy', 'api', 'pr-1')]);
  expect(listed()).toEqual(['pr-1']);
});

it('lists previews that come and go half a second later, many at once, and sends endpoints without waiting', () => {
  const { change, sent, listed } = start('/.shunt');
  change(world);
  sent();
  change([preview('shop/copy', 'api', 'pr-1')]);
  change([preview('shop/other', 'api', 'pr-2')]);
  expect(sent()).toEqual([['shop/api/80'], ['shop/api/80']]);
  vi.advanceTimersByTime(499);
  expect(sent()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sent()).toEqual([['shunt.previews']]);
  expect(listed()).toEqual(['pr-1', 'pr-2']);
  change([], [preview('shop/copy', 'api', 'pr-1')]);
  vi.advanceTimersByTime(500);
  expect(listed()).toEqual(['pr-2']);
});

it('sends no list for what is not to be seen in it, nor after its end', () => {
  const { change, sent, pipeline } = start('/.shunt');
  change([...world, preview('shop/copy', 'api', 'pr-1')]);
  change([slice('shop/copy', ['10.0.0.10'])]);
  sent();
  vi.advanceTimersByTime(60_000);
  expect(sent()).toEqual([]);
  change([preview('shop/copy', 'api', 'pr-2')]);
  sent();
  pipeline.stop();
  vi.advanceTimersByTime(60_000);
  expect(sent()).toEqual([]);
});

it('lists nothing where the reserved path is off', () => {
  const { change, sent, store } = start(undefined);
  change(world);
  change([preview('shop/copy', 'api', 'pr-1')]);
  sent();
  vi.advanceTimersByTime(60_000);
  expect(sent()).toEqual([]);
  expect(store.view().get(typeUrls.extensionConfig, 'shunt.previews')).toBeUndefined();
});
