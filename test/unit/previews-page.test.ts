import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { Catalog } from '../../src/catalog/catalog.ts';
import { resolveIntercepts } from '../../src/intercepts/resolve.ts';
import { readManifest } from '../../src/sources/manifests/index.ts';
import type { SourceRecord } from '../../src/sources/source.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/previews.md'), 'utf8');
const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text!);

/** A Deployment's Pod, as its controller and a kubelet would make it. */
function asPod(text: string): string {
  const { kind, metadata, spec } = parse(text.split('\n---\n')[0]!);
  if (kind !== 'Deployment') return text;
  return stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...spec.template.metadata,
      ...{ namespace: metadata.namespace, name: `${metadata.name}-5d8f-x` },
      ownerReferences: [{ kind: 'ReplicaSet', name: `${metadata.name}-5d8f`, controller: true }],
    },
    spec: spec.template.spec,
    status: { podIPs: [{ ip: '10.0.0.9' }], conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

function recordsOf(text: string): readonly SourceRecord[] {
  const reading = readManifest(asPod(text), 'page');
  if (reading.kind !== 'readable') throw new Error(`${text} cannot be read`);
  return reading.objects.flatMap(({ record, problems }) => {
    expect(problems).toEqual([]);
    return record ?? [];
  });
}

it('the page on previews shows previews that are in force, all at once', () => {
  const catalog = new Catalog('preview.example.com');
  const { problems } = catalog.apply({ upserts: examples.flatMap(recordsOf), deletes: [] }, 0);
  expect([...problems.values()].flat()).toEqual([]);
  const resolution = resolveIntercepts('shop/api', catalog);
  expect(resolution.problems).toEqual([]);
  const keys = examples.slice(1).map((text) => /shunt\.dev\/key: ([a-z0-9-]+)/.exec(text)![1]);
  expect(resolution.intercepts!.intercepts.map(({ preview }) => preview.key).sort()).toEqual(keys.sort());
  expect(
    resolution.intercepts!.ports[0]!.entries.map(({ address, port, titles }) => [address, port, ...titles]),
  ).toEqual([
    ['10.0.0.9', 9090, 'pr-2'],
    ['192.168.7.20', 3000, 'alice'],
  ]);
});
