import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, struct, typeUrls } from '../../../src/protos/index.ts';
import { decodeDeltaRequest, decodeSotwRequest } from '../../../src/xds/decode.ts';
import { DEFAULT_LIMITS } from '../../../src/xds/limits.ts';

const MIB = 1024 * 1024;
const text = fc.string({ unit: 'binary', maxLength: 20 });
const names = fc.array(text, { maxLength: 8 });
const common = {
  type_url: fc.oneof(fc.constantFrom(...Object.values(typeUrls)), text),
  response_nonce: text,
};
const node = fc.record({
  id: text,
  cluster: text,
  metadata: fc
    .dictionary(text, fc.jsonValue({ maxDepth: 4 }))
    .map((fields) => struct(fields as Parameters<typeof struct>[0])),
  user_agent_name: text,
  client_features: names,
});
const error_detail = fc.record({ code: fc.integer({ min: 0, max: 16 }), message: text });
const sometimes = { requiredKeys: [] };

const sotwRequest = fc.record({ ...common, version_info: text, node, resource_names: names, error_detail }, sometimes);
const deltaRequest = fc.record(
  {
    ...common,
    node,
    resource_names_subscribe: names,
    resource_names_unsubscribe: names,
    initial_resource_versions: fc.dictionary(text, text),
    error_detail,
  },
  sometimes,
);

const variants = [
  {
    variant: 'sotw',
    decode: (bytes: Uint8Array) => decodeSotwRequest(bytes, DEFAULT_LIMITS),
    valid: sotwRequest.map((request) => encode('envoy.service.discovery.v3.DiscoveryRequest', request)),
  },
  {
    variant: 'delta',
    decode: (bytes: Uint8Array) => decodeDeltaRequest(bytes, DEFAULT_LIMITS),
    valid: deltaRequest.map((request) => encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request)),
  },
] as const;

/** What becomes of bytes on their way. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 12 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(20) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(20) }),
);

function mutate(bytes: Uint8Array, mutations: readonly (typeof mutation extends fc.Arbitrary<infer T> ? T : never)[]) {
  return mutations.reduce<Buffer>((before, change) => {
    const at = change.at % (before.length + 1);
    const [head, tail] = [before.subarray(0, at), before.subarray(at)];
    switch (change.kind) {
      case 'set':
        return Buffer.concat([head, change.bytes, tail.subarray(change.bytes.length)]);
      case 'insert':
        return Buffer.concat([head, change.bytes, tail]);
      case 'cut':
        return Buffer.concat([head, tail.subarray(change.length)]);
      case 'repeat':
        return Buffer.concat([head, tail.subarray(0, change.length), tail]);
      default:
        return change satisfies never;
    }
  }, Buffer.from(bytes));
}

/** Decoded, it is a whole request; refused, by a sentence. */
function expectRequestOrSentence(decode: (typeof variants)[number]['decode'], bytes: Uint8Array): void {
  let received: ReturnType<typeof decode>;
  try {
    received = decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/^[A-Z].+\.$/s);
    expect((error as Error).message).not.toContain('call stack');
    return;
  }
  const { node, request } = received;
  expect([node.id, node.cluster, request.typeUrl, request.nonce].every((field) => typeof field === 'string')).toBe(
    true,
  );
  const lists = 'names' in request ? [request.names] : [request.subscribe, request.unsubscribe];
  const versions = 'names' in request ? [] : [...request.initialVersions].flat();
  expect([...lists.flat(), ...versions].every((field) => typeof field === 'string' && field.isWellFormed())).toBe(true);
}

describe.each(variants)('the decoder of $variant requests', ({ variant, decode, valid }) => {
  it('takes every valid request', () => {
    fc.assert(fc.property(valid, (bytes) => void decode(bytes)));
  });

  it('makes a request or a clear error of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expectRequestOrSentence(decode, bytes)),
      { numRuns: 2_000 },
    );
  });

  it('makes a request or a clear error of a request that was mangled', () => {
    fc.assert(
      fc.property(valid, fc.array(mutation, { minLength: 1, maxLength: 4 }), (bytes, mutations) =>
        expectRequestOrSentence(decode, mutate(bytes, mutations)),
      ),
      { numRuns: 2_000 },
    );
  });

  // What takes time in proportion to the square of its length would not be done with these within hours.
  const nodeField = variant === 'sotw' ? 2 : 1;
  const field = (number: number, ...content: Uint8Array[]) => {
    const bytes = Buffer.concat(content);
    const length = [];
    for (let rest = bytes.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
  };
  const repeated = (piece: Uint8Array, bytes: number) =>
    Buffer.alloc(piece.length * Math.floor(bytes / piece.length), piece);
  const metadata = (...entries: Uint8Array[]) => field(nodeField, field(3, ...entries));
  const entry = (key: string) => field(1, field(1, Buffer.from(key)));
  const nested = (depth: number) => {
    let value = Buffer.alloc(0);
    // Value.list_value, ListValue.values.
    for (let i = 0; i < depth; i++) value = field(6, field(1, value));
    return metadata(field(1, field(2, value)));
  };
  it.each<[string, Buffer]>([
    ['empty names', repeated(field(3), 64 * MIB)],
    ['names as long as they may be', repeated(field(3, Buffer.alloc(2_048, 'x')), 64 * MIB)],
    ['a name without an end', Buffer.concat([Buffer.from([0x1a, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(64 * MIB)])],
    ['a number without an end', Buffer.alloc(64 * MIB, 0xff)],
    ['a number of an unknown field without an end', Buffer.concat([Buffer.from([0x78]), Buffer.alloc(64 * MIB, 0xff)])],
    ['groups in groups', Buffer.alloc(64 * MIB, 0x7b)],
    [
      'one group of many empty ones',
      Buffer.concat([Buffer.from([0x7b]), repeated(Buffer.from([0x83, 1, 0x84, 1]), 64 * MIB)]),
    ],
    [
      'as many versions as there may be',
      repeated(field(5, field(1, Buffer.from('x')), field(2, Buffer.from('1'))), 1_500_000),
    ],
    [
      'versions of names that are numbers',
      Buffer.concat(Array.from({ length: 150_000 }, (_, i) => field(5, field(1, Buffer.from(`${i * 20_011}`))))),
    ],
    ['a node again and again', repeated(metadata(entry('x')), 2 * MIB)],
    [
      'a node with as much metadata as there may be',
      metadata(...Array.from({ length: 60_000 }, (_, i) => entry(`${i}`))),
    ],
    ['a node with lists in lists', nested(1_000)],
    [
      'metadata with the names that objects have',
      metadata(entry('__proto__'), entry('constructor'), entry('toString')),
    ],
  ])('is soon done with %s', (_what, bytes) => {
    expectRequestOrSentence(decode, bytes);
  });
});
