import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { struct, typeUrls } from '../../src/protos/index.ts';
import type { XdsLimits } from '../../src/xds/index.ts';
import { DeafClient } from '../support/deaf-client.ts';
import { makeResource } from '../support/resources.ts';
import type { XdsClient } from '../support/xds-client.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const { cluster, loadAssignment, listener, routeConfiguration } = typeUrls;
const MIB = 1024 * 1024;
const a1 = makeCluster('a', '1');
const endpoints = makeResource(loadAssignment, 'a', '1');

let test: TestServer;
let client: XdsClient;

/** A server that has one cluster. */
async function start(limits: Partial<XdsLimits>) {
  test = await TestServer.start({ limits });
  test.apply(a1, endpoints);
  client = test.client();
}

const names = (count: number, prefix = 'n') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const warnings = () => test.logged.filter(({ level }) => level >= 40).map(({ msg }) => msg);

const has = ({ changes }: { changes: readonly { version: string | undefined }[] }, version: string) =>
  changes.some((change) => change.version === version);

/** A client on a connection of its own is served. */
async function othersAreServed() {
  const other = test.client().delta();
  other.send({ node: { id: 'other' }, type_url: cluster });
  expect((await other.next()).resources[0]?.version).toBe(a1.version);
}

afterEach(() => test.close());

describe('names', () => {
  const sentence = 'A stream may subscribe to 100 names at most, of all types together, and this one wants more.';

  it.each(['sotw', 'delta'] as const)('of one request are counted, in %s', async (variant) => {
    await start({ names: 100 });
    const node = { id: 'one' };
    const good = client[variant]();
    const bad = client[variant]();
    for (const [stream, list] of [
      [good, names(100)],
      [bad, names(101)],
    ] as const) {
      const asked = variant === 'sotw' ? { resource_names: list } : { resource_names_subscribe: list };
      stream.send({ node, type_url: loadAssignment, ...asked });
    }
    expect(await bad.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: sentence });
    if (variant === 'delta') expect(await good.next()).toMatchObject({ removed_resources: names(100) });
    await othersAreServed();
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${sentence}`]);
  });

  it('of all types and requests of a stream are counted together, each once, and only while it wants them', async () => {
    await start({ names: 100 });
    const stream = client.delta();
    const ask = async (type_url: string, subscribe: string[], unsubscribe: string[] = []) => {
      stream.send({
        node: { id: 'one' },
        type_url,
        resource_names_subscribe: subscribe,
        resource_names_unsubscribe: unsubscribe,
      });
      const { nonce, removed_resources } = await stream.next();
      stream.send({ type_url, response_nonce: nonce! });
      return removed_resources.length;
    };
    expect(await ask(loadAssignment, names(60))).toBe(60);
    expect(await ask(loadAssignment, names(60))).toBe(60);
    expect(await ask(routeConfiguration, names(40))).toBe(40);
    expect(await ask(loadAssignment, names(50, 'm'), names(50))).toBe(50);
    stream.send({ type_url: routeConfiguration, resource_names_subscribe: ['one more'] });
    expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: sentence });
  });

  it('are not even decoded where one request has far more', async () => {
    await start({ names: 100 });
    const stream = client.sotw();
    stream.send({ node: { id: 'one' }, type_url: loadAssignment, resource_names: names(200) });
    const details = 'The request is longer than 100 names, which is as many as a stream may subscribe to.';
    expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
  });

  it('of a very large fleet pass: 50,000 with the versions that a client comes back with', async () => {
    await start({});
    const all = names(50_000, 'namespace-of-some-length/service-of-some-length-');
    const stream = client.delta();
    stream.send({
      node: { id: 'one' },
      type_url: loadAssignment,
      resource_names_subscribe: ['a', ...all],
      initial_resource_versions: Object.fromEntries(all.map((name) => [name, endpoints.version])),
    });
    expect(await stream.next()).toMatchObject({ resources: [{ name: 'a' }] });
  });

  it('have a length that may not be exceeded', async () => {
    await start({ nameBytes: 80 });
    const good = client.delta();
    good.send({ node: { id: 'one' }, type_url: loadAssignment, resource_names_subscribe: ['x'.repeat(80)] });
    expect((await good.next()).removed_resources).toHaveLength(1);
    const name = 'x'.repeat(81);
    const details = 'The request has a resource name that is longer than 80 bytes.';
    for (const asked of [{ resource_names_subscribe: [name] }, { resource_names_unsubscribe: [name] }]) {
      const bad = client.delta();
      bad.send({ node: { id: 'one' }, type_url: loadAssignment, ...asked });
      expect(await bad.ended).toMatchObject({ code: status.INVALID_ARGUMENT, details });
    }
    const sotw = client.sotw();
    sotw.send({ node: { id: 'one' }, type_url: loadAssignment, resource_names: [name] });
    expect(await sotw.ended).toMatchObject({ code: status.INVALID_ARGUMENT, details });
    const back = client.delta();
    back.send({ node: { id: 'one' }, type_url: loadAssignment, initial_resource_versions: { x: 'v'.repeat(160) } });
    expect(await back.ended).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'The request has an initial resource version that takes more than 160 bytes.',
    });
    expect(warnings()).toHaveLength(2);
  });
});

describe('memory', () => {
  const sentence =
    'What this stream asks for would take more than 0.2 MiB of memory here, which is the limit; ask for less.';
  const hundred = names(100, 'x'.repeat(100));

  it.each(['sotw', 'delta'] as const)('is taken by names, by their length and number, in %s', async (variant) => {
    await start({ streamMemoryBytes: 200_000 });
    const stream = client[variant]();
    // 100 names of 100 bytes are within the limit, and 500 are not.
    const ask = (count: number) => {
      const list = Array.from({ length: count / 100 }, (_, index) => hundred.map((name) => `${index}${name}`)).flat();
      const asked = variant === 'sotw' ? { resource_names: list } : { resource_names_subscribe: list };
      stream.send({ node: { id: 'one' }, type_url: loadAssignment, ...asked });
    };
    ask(100);
    await test.event('connected');
    expect(warnings()).toEqual([]);
    ask(500);
    expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: sentence });
    await othersAreServed();
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${sentence}`]);
  });

  it('is free again when names are given up, or the stream ends', async () => {
    await start({ peerMemoryBytes: 100_000 });
    const existing = Array.from({ length: 5 }, (_, i) => hundred.map((name) => `${i}${name}`)).flat();
    test.apply(...existing.map((name) => makeResource(loadAssignment, name, '1')));
    for (let round = 0; round < 5; round++) {
      const stream = client.delta();
      for (let i = 0; i < 5; i++) {
        const resource_names_subscribe = hundred.map((name) => `${i}${name}`);
        const resource_names_unsubscribe = hundred.map((name) => `${i - 1}${name}`);
        const asked = { resource_names_subscribe, resource_names_unsubscribe };
        stream.send({ node: { id: `${round}` }, type_url: loadAssignment, ...asked });
        const { nonce } = await stream.next();
        stream.send({ type_url: loadAssignment, response_nonce: nonce! });
      }
      stream.cancel();
      await test.event('disconnected', ({ node }) => node === `${round}`);
    }
    expect(warnings()).toEqual([]);
  });

  it('is taken by names that do not exist as long as the stream lives', async () => {
    await start({ streamMemoryBytes: 200_000 });
    const stream = client.delta();
    for (let i = 0; i < 5; i++) {
      stream.send({
        node: { id: 'one' },
        type_url: loadAssignment,
        resource_names_subscribe: hundred.map((name) => `${i}${name}`),
        resource_names_unsubscribe: hundred.map((name) => `${i - 1}${name}`),
      });
    }
    expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: sentence });
  });

  it('of all streams of a client is counted together', async () => {
    await start({ peerMemoryBytes: 100_000 });
    const streams = Array.from({ length: 10 }, (_, index) => {
      const stream = test.client().delta();
      stream.send({ node: { id: `${index}` }, type_url: loadAssignment, resource_names_subscribe: hundred });
      return stream;
    });
    const details =
      'What the streams of the address 127.0.0.1 ask for would take more than 0.1 MiB of memory here, which is the limit for one client; ask for less.';
    const ended = await Promise.race(streams.map(({ ended }) => ended));
    expect(ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${details}`]);
  });

  it('is taken by the versions that a client comes back with, where nobody here knows the names', async () => {
    await start({ streamMemoryBytes: 200_000 });
    const come = (known: readonly string[]) => {
      const stream = client.delta();
      const initial_resource_versions = Object.fromEntries(known.map((name) => [name, '1']));
      stream.send({
        node: { id: 'one' },
        type_url: cluster,
        resource_names_subscribe: ['*'],
        initial_resource_versions,
      });
      return stream;
    };
    expect((await come(names(10)).next()).resources).toHaveLength(1);
    expect(await come(names(1_000)).ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: sentence });
  });

  it('is taken by a request that never comes to its end', async () => {
    await start({ streamMemoryBytes: MIB });
    const deaf = await DeafClient.connect(test.port);
    const stream = deaf.open();
    stream.askPart(20 * MIB, Buffer.alloc(2 * MIB));
    expect(await stream.status).toBe(status.RESOURCE_EXHAUSTED);
    deaf.close();
    await othersAreServed();
  });
});

describe('requests in a second', () => {
  const rate = { burst: 20, perSecond: 0.001 };
  const sentence =
    'This stream asks more than 0.001 times a second for what no response called for, which is the limit; ask less often.';

  it.each(['sotw', 'delta'] as const)(
    'that answer responses are free, however many they are, in %s',
    async (variant) => {
      await start({ streamRequests: rate, peerRequests: rate });
      const types = [cluster, loadAssignment, listener, routeConfiguration, typeUrls.scopedRouteConfiguration];
      const stream = client[variant]();
      const asked = variant === 'sotw' ? { resource_names: ['a'] } : { resource_names_subscribe: ['a'] };
      for (const type_url of types) stream.send({ node: { id: 'one' }, type_url, ...asked });
      const named = variant === 'sotw' ? asked : {};
      const answering = async () => {
        for (;;) {
          const { type_url, nonce } = await stream.next();
          stream.send({ type_url, response_nonce: nonce!, ...named });
        }
      };
      const ended = expect(answering()).rejects.toThrow();
      for (let content = 2; content < 200; content++) {
        const world = types.map((type) => makeResource(type, 'a', `${content}`));
        test.apply(...world);
        for (const { typeUrl, version } of world) {
          await test.event('acknowledged', (event) => event.typeUrl === typeUrl && has(event, version));
        }
      }
      stream.cancel();
      await ended;
      expect(test.events.filter(({ type }) => type === 'acknowledged').length).toBeGreaterThan(900);
      expect(warnings()).toEqual([]);
    },
  );

  it('for the same thing again and again are not, even if each answers a response', async () => {
    await start({ streamRequests: rate });
    for (const again of [{ resource_names_subscribe: ['a'] }, { resource_names_subscribe: ['*'] }]) {
      const stream = client.delta();
      stream.send({ node: { id: 'one' }, type_url: cluster, resource_names_subscribe: ['*'] });
      let over = false;
      void stream.ended.then(() => {
        over = true;
      });
      while (!over) {
        const response = await stream.next().catch(() => undefined);
        if (response !== undefined) stream.send({ type_url: cluster, response_nonce: response.nonce!, ...again });
      }
      expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: sentence });
    }
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${sentence}`]);
  });

  it('are charged in state of the world when names come and go in turn', async () => {
    await start({ streamRequests: rate });
    const stream = client.sotw();
    stream.send({ node: { id: 'one' }, type_url: cluster, resource_names: ['*'] });
    let over = false;
    void stream.ended.then(() => {
      over = true;
    });
    for (let turn = 0; !over; turn++) {
      const response = await stream.next().catch(() => undefined);
      if (response === undefined) continue;
      const { nonce } = response;
      const resource_names = turn % 2 === 0 ? ['*', 'a'] : ['*', 'b'];
      stream.send({ type_url: cluster, response_nonce: nonce!, resource_names });
    }
    expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: sentence });
  });

  it('of all streams of a client are counted together, and to open one is a request', async () => {
    await start({ peerRequests: rate });
    const details =
      'The streams of the address 127.0.0.1 ask more than 0.001 times a second for what no response called for, which is the limit for one client; ask less often.';
    for (let i = 0; i < 10; i++) {
      const stream = client.delta();
      stream.send({ node: { id: `${i}` }, type_url: cluster });
      await stream.next();
    }
    const last = client.delta();
    expect(await last.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
  });
});

describe('types', () => {
  it('have a number that a stream may ask for', async () => {
    await start({ types: 2 });
    const stream = client.delta();
    for (const type_url of [cluster, listener]) {
      stream.send({ node: { id: 'one' }, type_url });
      const { nonce } = await stream.next();
      stream.send({ type_url, response_nonce: nonce! });
    }
    stream.send({ type_url: loadAssignment });
    expect(await stream.ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'A stream may ask for 2 types at most, and this one asks for more.',
    });
    await othersAreServed();
  });

  it('have a length that may not be exceeded', async () => {
    await start({ nameBytes: 128 });
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: `type.googleapis.com/${'x'.repeat(128)}` });
    expect(await stream.ended).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'The type_url of the request is longer than 128 bytes.',
    });
  });
});

describe('nodes', () => {
  it('may not describe themselves without end, nor have a long id', async () => {
    await start({ nodeBytes: 1_000, nameBytes: 128 });
    const talkative = client.delta();
    talkative.send({ node: { id: 'one', metadata: struct({ story: 'x'.repeat(1_000) }) }, type_url: cluster });
    expect(await talkative.ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'The node of the request takes more than 1000 bytes.',
    });
    const named = client.delta();
    named.send({ node: { id: 'x'.repeat(129) }, type_url: cluster });
    expect(await named.ended).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: "The node's id is longer than 128 bytes.",
    });
  });
});

describe('reasons of refusals', () => {
  it('are kept and logged up to 4,096 characters', async () => {
    await start({});
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const { nonce } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: nonce!, error_detail: { code: 3, message: 'x'.repeat(MIB) } });
    const { error } = await test.event('refused');
    expect(error.message).toBe(`${'x'.repeat(4_096)}…`);
    expect(warnings()[0]!.length).toBeLessThan(5_000);
  });
});

describe('requests', () => {
  it('have a size that may not be exceeded', async () => {
    await start({ requestBytes: MIB });
    const stream = client.delta();
    stream.sendBytes(Buffer.alloc(MIB + 1));
    expect(await stream.ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: `Received message larger than max (${MIB + 1} vs ${MIB})`,
    });
    await othersAreServed();
  });
});

describe('streams', () => {
  it('have a number that is served at once; when one ends, there is room for another', async () => {
    await start({ streams: 2 });
    const [first, second, third] = [client.delta(), client.sotw(), client.delta()];
    for (const stream of [first, second]) {
      stream.send({ node: { id: 'one' }, type_url: cluster });
      await stream.next();
    }
    const details = 'There are 2 streams here already, which is the limit.';
    expect(await third.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${details}`]);
    first.cancel();
    await test.event('disconnected');
    await othersAreServed();
  });

  it('of one client have a number, and others have room beside it', async () => {
    await start({ peerStreams: 2 });
    for (const stream of [client.delta(), test.client().sotw()]) {
      stream.send({ node: { id: 'one' }, type_url: cluster });
      await stream.next();
    }
    const third = client.delta();
    const details = 'There are 2 streams of the address 127.0.0.1 here already, which is the limit for one client.';
    expect(await third.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    const elsewhere = await DeafClient.connect(test.port, { from: '127.0.0.2' });
    elsewhere.open().ask({ node: { id: 'elsewhere' }, type_url: cluster });
    await test.event('pushed', ({ node }) => node === 'elsewhere');
    elsewhere.close();
  });

  it('of one connection have a number that the connection is told', async () => {
    await start({ streamsPerConnection: 2 });
    const session = connect(`http://127.0.0.1:${test.port}`);
    const [settings] = await once(session, 'remoteSettings');
    expect(settings).toMatchObject({ maxConcurrentStreams: 2 });
    session.destroy();
  });

  it('that ask for nothing are ended, and those that have asked are not', async () => {
    await start({ firstRequestMs: 300 });
    const asking = client.delta();
    asking.send({ node: { id: 'one' }, type_url: cluster });
    await asking.next();
    const silent = client.delta();
    const details = "No request came within 0.3 s of the stream's beginning.";
    expect(await silent.ended).toMatchObject({ code: status.DEADLINE_EXCEEDED, details });
    asking.send({ type_url: listener });
    expect((await asking.next()).type_url).toBe(listener);
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${details}`]);
  });
});

describe('connections', () => {
  it('without a stream are closed after a while, and others are not', async () => {
    await start({ idleConnectionMs: 300 });
    const good = client.delta();
    good.send({ node: { id: 'good' }, type_url: cluster });
    await good.next();
    const silent = connectTcp(test.port, '127.0.0.1');
    const idle = connect(`http://127.0.0.1:${test.port}`);
    await Promise.all([once(silent.resume(), 'close'), once(idle, 'close')]);
    good.send({ type_url: listener });
    expect((await good.next()).type_url).toBe(listener);
  });
});

describe('clients that refuse the same thing without end', () => {
  it('get so many lines in the log, and no more', async () => {
    await start({});
    const stream = client.delta();
    for (let i = 0; i < 1_000; i++) {
      stream.send({ node: { id: 'one' }, type_url: cluster, resource_names_subscribe: ['a'] });
      const { nonce } = await stream.next();
      stream.send({ type_url: cluster, response_nonce: nonce!, error_detail: { code: 3, message: 'no' } });
    }
    await test.event('refused', () => test.events.filter(({ type }) => type === 'refused').length === 1_000);
    const lines = test.logged.filter(({ level }) => level >= 30).map(({ msg }) => msg);
    expect(lines).toHaveLength(301);
    expect(lines.at(-1)).toContain('Clients at 127.0.0.1 come, go or refuse so often');
  });
});

describe('clients that do not read', () => {
  const large = makeResource(cluster, 'large', '1', { bytes: MIB / 2 });
  let deaf: DeafClient;

  /** The server has a resource that is larger than what goes out unread. */
  async function startWithLarge(limits: Partial<XdsLimits>) {
    await start(limits);
    test.apply(a1, large);
    deaf = await DeafClient.connect(test.port);
  }

  afterEach(() => deaf.close());

  it('rule 14: are cut off with a line in the log, and the others are served', async () => {
    await startWithLarge({ writeDeadlineMs: 300 });
    const stream = deaf.open();
    stream.ask({ node: { id: 'deaf' }, type_url: cluster });
    const good = client.delta();
    good.send({ node: { id: 'good' }, type_url: cluster });
    expect((await good.next()).resources).toHaveLength(2);
    // What gRPC takes for RESOURCE_EXHAUSTED.
    expect(await stream.ended).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const sentence = 'It does not read what it is sent, so its stream was reset.';
    expect(await test.event('disconnected')).toMatchObject({ node: 'deaf', reason: sentence });
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${sentence}`]);
    good.send({ type_url: listener });
    expect((await good.next()).type_url).toBe(listener);
  });

  it('cannot stay by doing what they are told off for in words that they do not read either', async () => {
    await startWithLarge({ writeDeadlineMs: 300 });
    const stream = deaf.open();
    stream.ask({ node: { id: 'deaf' }, type_url: cluster });
    await test.event('pushed');
    stream.ask({ type_url: '' });
    expect(await test.event('disconnected')).toMatchObject({ reason: expect.stringContaining('type_url') });
    expect(await stream.ended).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it('leave others their part of what may be on its way, and wait for each other in theirs', async () => {
    await startWithLarge({ peerUnreadBytes: MIB, unreadBytes: MIB });
    for (let i = 0; i < 10; i++) deaf.open().ask({ node: { id: `deaf ${i}` }, type_url: cluster });
    // What counts as sent may wait for its turn, without any cost.
    await test.event('pushed', ({ node }) => node === 'deaf 9');
    const other = await DeafClient.connect(test.port, { from: '127.0.0.2' });
    const reading = other.open();
    reading.ask({ node: { id: 'other' }, type_url: cluster });
    const { value } = await reading.messages().next();
    expect(value.length).toBeGreaterThan(MIB / 2);
    other.close();
  });

  it.each([
    ['/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus', Buffer.alloc(0)],
    ['/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus', Buffer.alloc(0)],
    ['/grpc.health.v1.Health/Watch', Buffer.alloc(0)],
    // server_reflection.proto: list_services, field 7.
    ['/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', Buffer.from([0x3a, 1, 0x2a])],
  ])('are cut off beside discovery, too: %s', async (path, request) => {
    await start({ writeDeadlineMs: 300 });
    const good = client.delta();
    good.send({ node: { id: 'good' }, type_url: cluster });
    await good.next();
    deaf = await DeafClient.connect(test.port, { window: 0 });
    const stream = deaf.open({ ':path': path });
    stream.askBytes(request);
    if (!path.endsWith('Info')) stream.end();
    expect(await stream.ended).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(warnings()).toEqual([
      'Refused a client at 127.0.0.1: It does not read what it is sent, so its stream was reset.',
    ]);
  });

  it('are not heard until they read', async () => {
    await startWithLarge({ pendingBytes: MIB / 4 });
    const stream = deaf.open();
    stream.ask({ node: { id: 'deaf' }, type_url: cluster });
    await test.event('pushed');
    stream.ask({ type_url: listener });
    // What is asked later on the same connection has arrived later.
    const other = deaf.open();
    other.ask({ node: { id: 'other' }, type_url: loadAssignment, resource_names_subscribe: ['a'] });
    await test.event('pushed', ({ node }) => node === 'other');
    expect(test.events.filter(({ type, node }) => type === 'pushed' && node === 'deaf')).toHaveLength(1);
    stream.read();
    await test.event('pushed', ({ node, typeUrl }) => node === 'deaf' && typeUrl === listener);
  });
});
