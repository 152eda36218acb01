import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readManifest, readObject } from '../../../../src/sources/manifests/index.ts';
import { service, slice } from '../objects.ts';

const TEXT = `# shop
apiVersion: v1
kind: List
items:
- &api
  apiVersion: v1
  kind: Service
  metadata: { name: api, labels: { "shunt.dev/key": 'a', <<: {x: y} } }
  spec: { ports: [{ port: 80 }], type: ExternalName, externalName: "x.y" }
--- !!map
? kind
: EndpointSlice
addressType: |
  IPv4
endpoints: [{ addresses: [ 10.0.0.1, *api ] }]
`;

const SIGNS = fc.constantFrom(
  ...'[]{}:,-?&*!|>\'"%@`#~ \n\t\\\u0000\ufeff\ud800',
  '<<: ',
  '---\n',
  '...\n',
  '- ',
  '*api',
  '!!set ',
);

test('no text makes the parser fail: it can be read or it cannot', () => {
  const damaged = fc
    .array(fc.record({ at: fc.nat(TEXT.length), cut: fc.nat(20), put: fc.array(SIGNS, { maxLength: 3 }) }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((wounds) =>
      wounds.reduce((text, { at, cut, put }) => text.slice(0, at) + put.join('') + text.slice(at + cut), TEXT),
    );
  const noise = fc.array(SIGNS, { maxLength: 30 }).map((signs) => signs.join(''));
  fc.assert(
    fc.property(fc.oneof(damaged, noise, fc.string({ unit: 'binary' })), (text) => {
      expect(['readable', 'empty', 'unreadable']).toContain(readManifest(text, 'shop.yaml').kind);
    }),
    { numRuns: 2_000 },
  );
});

test('no value in an object makes it fail: it gives a record, or says what is wrong', () => {
  const paths = [
    ...['metadata', 'spec', 'metadata.name', 'metadata.namespace', 'metadata.labels', 'metadata.creationTimestamp'],
    ...['spec.ports', 'spec.ports.0', 'spec.ports.0.port', 'spec.ports.0.name', 'addressType', 'ports', 'ports.0'],
    ...['ports.0.port', 'endpoints', 'endpoints.0', 'endpoints.0.addresses', 'endpoints.0.conditions'],
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(service('api'), slice('api-1', 'api', ['10.0.0.1'])),
      fc.constantFrom(...paths),
      fc.anything({ maxDepth: 2 }),
      (object, path, value) => {
        const { record, problems } = readObject(withValue(object, path, value));
        expect(record !== undefined || problems.length > 0).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

function withValue(object: object, path: string, value: unknown): unknown {
  const copy = structuredClone(object) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  let at: unknown = copy;
  for (const key of keys) at = (at as Record<string, unknown> | undefined)?.[key];
  if (typeof at === 'object' && at !== null) (at as Record<string, unknown>)[last] = value;
  return copy;
}
