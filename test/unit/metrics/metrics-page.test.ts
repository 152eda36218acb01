import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { Metrics } from '../../../src/metrics/index.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/operating.md'), 'utf8');

it('docs/operating.md names the metrics that there are, and no others', async () => {
  const metrics = new Metrics({
    catalog: new Catalog('preview.localhost'),
    receipts: { of: () => undefined, gateways: () => [] },
    problems: () => [],
    clients: () => [],
  });
  const served = [...(await metrics.text()).matchAll(/^# TYPE (shunt_\S+)/gm)].map(([, name]) => name);
  const told = [...page.matchAll(/`(shunt_[a-z_]+)/g)].map(([, name]) => name);
  expect(served.length).toBeGreaterThan(0);
  expect(new Set(told)).toEqual(new Set(served));
});
