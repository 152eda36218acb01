import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { struct, typeUrls } from '../../src/protos/index.ts';
import { createXdsServer } from '../../src/xds/index.ts';
import { makeResource } from '../support/resources.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const { cluster, listener } = typeUrls;
const a1 = makeCluster('a', '1');
const a2 = makeCluster('a', '2');

let test: TestServer;

afterEach(() => test.close());

describe('what goes wrong', () => {
  it('a request without a type on ADS ends that stream as an invalid argument', async () => {
    test = await TestServer.start();
    const client = test.client();
    test.apply(a1);
    const stream = client.delta();
    stream.send({ node: { id: 'one' } });
    expect(await stream.ended).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'A discovery request on an aggregated stream must say its type_url.',
    });
  });

  it('bytes that are no request end that stream, and no other', async () => {
    test = await TestServer.start();
    const client = test.client();
    test.apply(a1);
    const good = client.delta();
    good.send({ node: { id: 'good' }, type_url: cluster });
    await good.next();
    const bad = client.delta();
    bad.sendBytes(Buffer.from([0xff, 0xff, 0xff]));
    expect(await bad.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    good.send({ type_url: listener });
    expect((await good.next()).type_url).toBe(listener);
  });

  it('an error of the server on one stream harms no other, and does not stop a change half way', async () => {
    test = await TestServer.start();
    const client = test.client();
    const poisoned = {
      ...makeCluster('a', 'of team cursed'),
      get body(): Uint8Array {
        throw new Error('boom');
      },
    };
    test.apply(a1);
    const cursed = client.delta();
    const good = client.delta();
    for (const [team, stream] of Object.entries({ cursed, good })) {
      stream.send({ node: { id: team, metadata: struct({ team }) }, type_url: cluster });
      const { nonce } = await stream.next();
      stream.send({ type_url: cluster, response_nonce: nonce! });
      await test.event('acknowledged', ({ node }) => node === team);
    }
    test.store.apply({ set: [a2], remove: [], groups: new Map([['cursed', { set: [poisoned], remove: [] }]]) });
    expect((await good.next()).resources[0]?.version).toBe(a2.version);
    expect(await cursed.ended).toMatchObject({ code: status.INTERNAL });
    expect(test.logged).toContainEqual(expect.objectContaining({ msg: 'A discovery stream failed and was ended.' }));
  });

  it('an address that is taken is refused with a sentence that names the setting', async () => {
    test = await TestServer.start();
    const other = createXdsServer({ store: test.store, groupsOf: () => [], log: pino({ enabled: false }) });
    await expect(other.listen('127.0.0.1', test.port)).rejects.toThrow(
      `127.0.0.1:${test.port} cannot be used (another program listens there)`,
    );
    await other.close();
  });
});

describe('clients that are dead', () => {
  it('rule 14: are noticed', async () => {
    test = await TestServer.start({ limits: { keepaliveMs: 20, keepaliveTimeoutMs: 20, closeMs: 50 } });
    test.apply(a1);
    const network = await test.network();
    const stream = test.client(network.port).delta();
    stream.send({ node: { id: 'far' }, type_url: cluster });
    await stream.next();
    network.cut();
    expect(await test.event('disconnected')).toMatchObject({ node: 'far', reason: 'the client went away' });
  });
});

describe('observers', () => {
  it('that throw harm no stream', async () => {
    test = await TestServer.start({
      onEvent: () => {
        throw new Error('boom');
      },
    });
    test.apply(a1);
    const stream = test.client().delta();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    expect((await stream.next()).resources).toHaveLength(1);
    expect(test.logged).toContainEqual(
      expect.objectContaining({ msg: 'What was to be told of an event of the xDS server failed.' }),
    );
  });
});

describe('closing', () => {
  it('ends the streams of all clients and then the server', async () => {
    test = await TestServer.start();
    const client = test.client();
    test.apply(a1);
    const streams = [client.delta(), client.sotw()];
    for (const stream of streams) {
      stream.send({ node: { id: 'one' }, type_url: cluster });
      await stream.next();
    }
    const waiting = client.delta();
    await test.server.close();
    for (const stream of streams) expect(await stream.ended).toMatchObject({ code: status.OK });
    await waiting.ended;
    expect(test.events.filter(({ type }) => type === 'disconnected')).toHaveLength(2);
    await expect(once(connect(test.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not wait for ever for a client that has stopped reading', async () => {
    test = await TestServer.start({ limits: { closeMs: 50 } });
    test.apply();
    const network = await test.network();
    const stream = test.client(network.port).delta();
    stream.send({ node: { id: 'far' }, type_url: cluster });
    const { nonce } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: nonce! });
    await test.event('acknowledged');
    network.cut();
    test.apply(makeResource(cluster, 'large', '1', { bytes: 8 * 1024 * 1024 }));
    await test.server.close();
    expect(test.events.at(-1)).toMatchObject({ type: 'disconnected', node: 'far' });
  });
});
