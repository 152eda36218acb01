import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dnsResolver } from '../../../../src/sources/names/dns-resolver.ts';
import type { Resolver } from '../../../../src/sources/names/index.ts';

interface Answer {
  readonly address: Uint8Array;
  readonly ttl: number;
}

const A = 1;
const AAAA = 28;

/** Records by `name type`; a name that has none at all does not exist. */
let records: Map<string, readonly Answer[]>;
let server: Socket;
let resolver: Resolver;

beforeEach(async () => {
  records = new Map();
  server = createSocket('udp4', (query, { port, address }) => server.send(reply(query), port, address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  resolver = dnsResolver([`127.0.0.1:${server.address().port}`]);
});
afterEach(() => {
  server.close();
});

/** Just enough of RFC 1035: one question, answers that refer to its name. */
function reply(query: Buffer): Buffer {
  const labels: string[] = [];
  let end = 12;
  for (; query[end] !== 0; end += query[end]! + 1) {
    labels.push(query.toString('latin1', end + 1, end + 1 + query[end]!));
  }
  const name = labels.join('.').toLowerCase();
  const type = query.readUInt16BE(end + 1);
  const answers = records.get(`${name} ${type}`) ?? [];
  const exists = [...records.keys()].some((key) => key.startsWith(`${name} `));
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  header.writeUInt16BE(exists ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  const resources = answers.map(({ address, ttl }) => {
    const resource = Buffer.alloc(12);
    resource.writeUInt16BE(0xc00c, 0);
    resource.writeUInt16BE(type, 2);
    resource.writeUInt16BE(1, 4);
    resource.writeUInt32BE(ttl, 6);
    resource.writeUInt16BE(address.length, 10);
    return Buffer.concat([resource, address]);
  });
  return Buffer.concat([header, query.subarray(12, end + 5), ...resources]);
}

const V6 = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

describe('the resolver of this machine', () => {
  test('asks for both families and believes the shortest TTL', async () => {
    records.set(`db.example.com ${A}`, [
      { address: Uint8Array.of(10, 0, 0, 1), ttl: 70 },
      { address: Uint8Array.of(10, 0, 0, 2), ttl: 60 },
    ]);
    records.set(`db.example.com ${AAAA}`, [{ address: V6, ttl: 90 }]);
    expect(await resolver.resolve('db.example.com')).toEqual({
      addresses: [
        { address: '10.0.0.1', family: 'IPv4' },
        { address: '10.0.0.2', family: 'IPv4' },
        { address: 'fd00::1', family: 'IPv6' },
      ],
      ttlSeconds: 60,
    });
  });

  test('does with one family', async () => {
    records.set(`db.example.com ${AAAA}`, [{ address: V6, ttl: 5 }]);
    expect(await resolver.resolve('db.example.com')).toEqual({
      addresses: [{ address: 'fd00::1', family: 'IPv6' }],
      ttlSeconds: 5,
    });
  });

  test('takes localhost from the system, and believes it for 5 s', async () => {
    const { addresses, ttlSeconds } = await resolver.resolve('localhost');
    expect(addresses.length).toBeGreaterThan(0);
    for (const { address } of addresses) expect(['127.0.0.1', '::1']).toContain(address);
    expect(ttlSeconds).toBe(5);
  });

  test('asks the system for what DNS does not know, and fails with its code', async () => {
    await expect(resolver.resolve('nowhere.invalid')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    });
  });

  test('answers many at once', async () => {
    const names = Array.from({ length: 20 }, () => 'localhost');
    expect(await Promise.all(names.map((name) => resolver.resolve(name)))).toHaveLength(20);
  });
});
