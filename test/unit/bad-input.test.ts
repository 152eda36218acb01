import { describe, expect, test } from 'vitest';
import { gatewayOptions } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { formatProblem, type Problem } from '../../src/problems.ts';
import { ResourceStore } from '../../src/resources/index.ts';
import { defaultSettings } from '../../src/settings/index.ts';
import { readObject } from '../../src/sources/manifests/index.ts';
import {
  baselineManifest,
  type Manifest,
  previewManifest,
  serviceManifest,
  sliceManifests,
} from '../support/manifests.ts';

/** A pipeline that has taken these objects at once, as from a list. */
function take(objects: readonly Manifest[]) {
  const store = new ResourceStore();
  const log = new ProblemLog({ warn: () => undefined, info: () => undefined });
  const pipeline = new Pipeline(gatewayOptions(defaultSettings()), store, log, createLogger('silent'));
  const readings = objects.map((object) => readObject(object));
  for (const [index, { problems }] of readings.entries()) pipeline.problems(`object ${index}`, problems);
  pipeline.changed({ upserts: readings.flatMap(({ record }) => record ?? []), deletes: [] });
  pipeline.stop();
  return { pipeline, problems: log.current() };
}

describe('annotations of any size and content', () => {
  const NAMES = [
    'hosts',
    'match',
    'ttl',
    'mode',
    'when-unready',
    'expires-at',
    'allow-from',
    'endpoints-from',
    'percentage',
    'nonsense',
  ];
  const VALUES: Readonly<Record<string, string>> = {
    '200 KiB in one word': 'a'.repeat(200 * 1024),
    '200 KiB of brackets': '{'.repeat(200 * 1024),
    'a hundred thousand entries': 'A,'.repeat(100 * 1024),
    'control characters': 'x\u0000y\u001b[31m\nz',
    'YAML that contains itself': 'a: &a [*a]',
  };

  test.each(Object.keys(VALUES))(
    'such as %s cost their own object, told in sentences of bounded length and number',
    (which) => {
      const odd = NAMES.flatMap((name) => {
        const annotations = { [`shunt.dev/${name}`]: VALUES[which]! };
        const baseline = baselineManifest(`shop/of-${name}`, { annotations });
        return [baseline, previewManifest(`shop/api-${name}`, 'api', `key-${name}`, { annotations })];
      });
      const good = [baselineManifest('shop/api'), ...sliceManifests('shop/api', [8080])];
      const { pipeline, problems } = take([...good, ...odd]);
      expect([...pipeline.catalog.baselines()].map(({ id }) => id)).toContain('shop/api');
      expect(problems.length).toBeGreaterThan(0);
      for (const sentence of problems.map(formatProblem)) {
        expect(sentence.length).toBeLessThan(1_500);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
        expect(sentence).not.toMatch(/[\u0000-\u001f]/);
      }
      const perObject = Map.groupBy(problems, ({ object }: Problem) => object);
      for (const [, of] of perObject) expect(of.length).toBeLessThan(30);
    },
  );
});

test('of ten thousand Services the few broken ones are told, each by its name, and all others work', () => {
  const broken = new Set([10, 4_240, 9_990]);
  const objects = Array.from({ length: 10_000 }, (_, index) => {
    const port = broken.has(index) ? 99_999 : 80;
    const make = index % 10 === 0 ? baselineManifest : serviceManifest;
    return make(`shop/s-${index}`, { ports: [{ name: 'http', port }] });
  });
  const start = performance.now();
  const { pipeline, problems } = take(objects);
  console.log(`10,000 Services: ${((performance.now() - start) / 1_000).toFixed(1)} s`);
  expect([...pipeline.catalog.baselines()]).toHaveLength(997);
  expect([...new Set(problems.map(({ object }) => object))].sort()).toEqual(
    [...broken].map((index) => `Service shop/s-${index}`).sort(),
  );
});
