import { once } from 'node:events';
import { connect, constants } from 'node:http2';
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
    const details = 'There are 2 discovery streams here already, which is the limit.';
    expect(await third.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    expect(warnings()).toEqual([`Refused a client at 127.0.0.1: ${details}`]);
    first.cancel();
    await test.event('disconnected');
    await othersAreServed();
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
