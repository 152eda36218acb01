import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/protos/index.ts';
import { DeafClient } from '../support/deaf-client.ts';
import { XdsClient } from '../support/xds-client.ts';
import { XdsProcess } from '../support/xds-process.ts';
import { makeCluster } from '../support/xds-server.ts';

const { cluster, listener, loadAssignment } = typeUrls;
const MIB = 1024 * 1024;

/** A client in order, on a connection of its own: it takes and acknowledges each version of `a`. */
class GoodClient {
  readonly #client: XdsClient;
  readonly #stream;

  constructor(port: number) {
    this.#client = new XdsClient(port);
    this.#stream = this.#client.delta();
    this.#stream.send({ node: { id: 'good' }, type_url: cluster });
  }

  async takes(version: string): Promise<void> {
    const { nonce, resources } = await this.#stream.next();
    expect(resources[0]?.version).toBe(version);
    this.#stream.send({ type_url: cluster, response_nonce: nonce! });
  }

  close(): void {
    this.#client.close();
  }
}

const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** However it ends. */
function ended(connection: EventEmitter): Promise<void> {
  return new Promise((resolve) => connection.once('close', () => resolve()));
}

/** Begins to speak HTTP/2 and writes this, as long as the server takes it; what it says is not read. */
async function pour(bytes: Buffer): Promise<void> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = ended(socket);
  await new Promise<void>((resolve) => {
    socket.write(Buffer.concat([PREFACE, frame(4, 0, 0, Buffer.alloc(0)), bytes]), () => resolve());
    void closed.then(() => resolve());
  });
  socket.destroy();
  await closed;
}

let server: XdsProcess;
let good: GoodClient;
let changes = 0;

/** A change of the world reaches the good client. */
async function othersGoOn(): Promise<void> {
  const content = String(++changes);
  await server.apply(content);
  await good.takes(makeCluster('a', content).version);
}

async function withClients<Result>(count: number, use: (clients: XdsClient[]) => Promise<Result>): Promise<Result> {
  const clients = Array.from({ length: count }, () => new XdsClient(server.port));
  try {
    return await use(clients);
  } finally {
    for (const client of clients) client.close();
  }
}

/**
 * The attack costs the others nothing, leaves a few lines in the log, and the memory comes back. What is loaded and
 * compiled at a first time is no part of it, so a first attack goes before.
 */
async function endure(attack: () => Promise<void>): Promise<string[]> {
  await attack();
  await othersGoOn();
  await server.log();
  const before = await server.memory();
  await Promise.all([attack(), othersGoOn()]);
  await othersGoOn();
  // The server may not have heard yet of streams that the clients have left.
  while ((await server.memory()) > 1.2 * before);
  const lines = await server.log();
  const refusals = lines.filter((line) => line.startsWith('Refused'));

  expect(refusals.length).toBeLessThan(3);
  return lines;
}

describe('a client that', { timeout: 30_000 }, () => {
  beforeAll(async () => {
    server = await XdsProcess.start({ writeDeadlineMs: 300 });
    good = new GoodClient(server.port);
    await othersGoOn();
  });
  afterAll(async () => {
    good.close();
    await server.stop();
  });

  it('opens thousands of streams and abandons them', async () => {
    await endure(() =>
      withClients(10, async (clients) => {
        const streams = clients.flatMap((client) =>
          Array.from({ length: 100 }, (_, index) => {
            const stream = client.delta();
            if (index % 2 === 0) stream.send({ node: { id: 'bad' }, type_url: cluster });
            return { stream, asked: index % 2 === 0 };
          }),
        );
        await Promise.all(streams.map(({ stream, asked }) => asked && stream.next()));
        for (const { stream } of streams) stream.cancel();
        await Promise.all(streams.map(({ stream }) => stream.ended));
      }),
    );
  });

  it('subscribes to a million names at once', async () => {
    const resource_names = Array.from({ length: 1_000_000 }, (_, index) => `name-${index}`);
    await endure(() =>
      withClients(1, async ([client]) => {
        const stream = client!.sotw();
        stream.send({ node: { id: 'bad' }, type_url: loadAssignment, resource_names });
        expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      }),
    );
  });

  it('subscribes to a million names bit by bit', async () => {
    await endure(() =>
      withClients(1, async ([client]) => {
        const stream = client!.delta();
        for (let i = 0; i < 1_000_000; i += 50_000) {
          const resource_names_subscribe = Array.from({ length: 50_000 }, (_, index) => `name-${i + index}`);
          stream.send({ node: { id: 'bad' }, type_url: loadAssignment, resource_names_subscribe });
        }
        expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      }),
    );
  });

  it('sends 33 million empty names', async () => {
    const bytes = Buffer.alloc(64 * MIB);
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x1a;
    await endure(() =>
      withClients(1, async ([client]) => {
        const stream = client!.sotw();
        stream.sendBytes(bytes);
        expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      }),
    );
  });

  it('sends a message of 100 MiB', async () => {
    const bytes = Buffer.alloc(100 * MIB);
    await endure(() =>
      withClients(1, async ([client]) => {
        const stream = client!.sotw();
        stream.sendBytes(bytes);
        expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      }),
    );
  });

  it('sends messages that are 100 MiB once they are decompressed', async () => {
    const bytes = gzipSync(Buffer.alloc(100 * MIB));
    await endure(async () => {
      const deaf = await DeafClient.connect(server.port);
      const streams = Array.from({ length: 20 }, () => deaf.open({ 'grpc-encoding': 'gzip' }));
      for (const stream of streams) stream.askCompressed(bytes);
      for (const stream of streams) expect(await stream.status).toBe(status.UNIMPLEMENTED);
      deaf.close();
    });
  });

  it('sends text that is not UTF-8', async () => {
    await endure(() =>
      withClients(1, async ([client]) => {
        for (const stream of [client!.sotw(), client!.delta()]) {
          stream.sendBytes(Buffer.from([0x1a, 2, 0xc3, 0x28]));
          expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
        }
      }),
    );
  });

  it('speaks no HTTP/2, or stops to in the middle', async () => {
    await endure(async () => {
      const garbage = [
        randomBytes(MIB),
        Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
        Buffer.concat([PREFACE, Buffer.alloc(MIB, 0xff)]),
        // The largest frame that there can be, of settings, on a stream that has none.
        Buffer.concat([PREFACE, Buffer.from('ffffff0400000000ff', 'hex'), Buffer.alloc(MIB)]),
      ];
      for (const bytes of garbage) {
        const socket = connect(server.port, '127.0.0.1');
        // Being cut off while it still writes, it may see a reset instead of an end.
        socket.on('error', () => {});
        const closed = ended(socket);
        socket.resume().end(bytes);
        await closed;
      }
    });
  });

  it('floods the connection with what HTTP/2 has to be answered or remembered, and reads none of it', async () => {
    const floods = [
      // Settings, with a value that changes nothing; and pings: both want an acknowledgement.
      frame(4, 0, 0, Buffer.from('000300000064', 'hex')),
      frame(6, 0, 0, Buffer.alloc(8)),
      // Priorities of streams that there may be one day.
      frame(2, 0, 0x7fffffff, Buffer.alloc(5)),
      // Window updates of the connection, one byte each.
      frame(8, 0, 0, Buffer.from('00000001', 'hex')),
      // A request whose headers never end, and unknown extensions of the protocol.
      frame(9, 0, 1, Buffer.alloc(100)),
      frame(0xb, 0, 0, Buffer.alloc(100)),
    ];
    await endure(async () => {
      for (const flood of floods) await pour(Buffer.concat(Array.from({ length: 50_000 }, () => flood)));
    });
  });

  it('opens streams and resets them as fast as it can', async () => {
    await endure(async () => {
      const session = connectHttp2(`http://127.0.0.1:${server.port}`);
      session.on('error', () => {});
      const closed = ended(session);
      for (let i = 0; i < 20_000 && !session.destroyed; i++) {
        const stream = session.request({ ':method': 'POST', ':path': ADS, 'content-type': 'application/grpc' });
        stream.on('error', () => {});
        stream.close(constants.NGHTTP2_CANCEL);
        if (i % 100 === 0) await setImmediate();
      }
      session.destroy();
      await closed;
    });
  });

  it('opens calls of all services on many connections, and neither asks to the end nor reads', async () => {
    const paths = [
      ADS,
      '/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus',
      '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus',
      '/grpc.health.v1.Health/Watch',
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    ];
    await endure(async () => {
      const clients = await Promise.all(paths.map(() => DeafClient.connect(server.port, { window: 0 })));
      const answered = clients.map((client, index) => {
        const streams = Array.from({ length: 100 }, () => client.open({ ':path': paths[index]! }));
        for (const stream of streams.slice(50)) stream.askPart(1_000, Buffer.alloc(999));
        const [first] = streams;
        if (index === 0) first?.ask({ node: { id: 'bad' }, type_url: cluster });
        else first?.askBytes(Buffer.alloc(0));
        first?.end();
        return first?.ended;
      });
      // Those that are answered are cut off; the others have some more time, but their client is gone before.
      await Promise.all(answered);
      for (const client of clients) client.close();
    });
  });

  it('contradicts itself in each request, a thousand times', async () => {
    await endure(() =>
      withClients(1, async ([client]) => {
        const stream = client!.delta();
        const names = ['*', 'a', 'b', 'never asked for'];
        for (let i = 0; i < 1_000; i++) {
          stream.send({
            node: { id: 'bad' },
            type_url: cluster,
            resource_names_subscribe: i % 2 === 0 ? names : [],
            resource_names_unsubscribe: i % 3 === 0 ? [] : names,
            initial_resource_versions: { a: 'x', b: 'y' },
          });
        }
        stream.send({ type_url: listener });
        while ((await stream.next()).type_url !== listener);
        stream.cancel();
        await stream.ended;
      }),
    );
  });

  it('asks and does not read', async () => {
    await endure(async () => {
      const deaf = await DeafClient.connect(server.port);
      const names = Array.from({ length: 20_000 }, (_, index) => `name-${index}`);
      const streams = Array.from({ length: 10 }, () => deaf.open());
      for (const stream of streams) {
        stream.ask({ node: { id: 'bad' }, type_url: loadAssignment, resource_names_subscribe: names });
      }
      expect(new Set(await Promise.all(streams.map(({ ended }) => ended)))).toEqual(
        new Set([constants.NGHTTP2_ENHANCE_YOUR_CALM]),
      );
      deaf.close();
    });
  });

  it('comes back at once each time that it is told off', async () => {
    await server.log();
    await withClients(1, async ([client]) => {
      for (let i = 0; i < 300; i++) {
        const stream = client!.delta();
        stream.send({ node: { id: `bad-${i}` }, type_url: '' });
        await stream.ended;
      }
    });
    await othersGoOn();
    expect((await server.log()).filter((line) => line.startsWith('Refused'))).toEqual([
      'Refused a client at 127.0.0.1: A discovery request on an aggregated stream must say its type_url.',
    ]);
  });
});
