import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { struct, typeUrls } from '../../src/protos/index.ts';
import { makeResource } from '../support/resources.ts';
import type { XdsClient } from '../support/xds-client.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const { cluster, loadAssignment, listener, routeConfiguration } = typeUrls;
const a1 = makeCluster('a', '1');
const a2 = makeCluster('a', '2');
const endpoints = makeResource(loadAssignment, 'a', '1');
const routes = makeResource(routeConfiguration, 'r', '1');

let test: TestServer;
let client: XdsClient;

beforeEach(async () => {
  test = await TestServer.start();
  client = test.client();
});

afterEach(() => test.close());

describe('clients', () => {
  it('rule 1: are who the first request of a stream says they are', async () => {
    const own = makeResource(routeConfiguration, 'r', 'of team web');
    test.store.apply({ set: [routes], remove: [], groups: new Map([['web', { set: [own], remove: [] }]]) });
    const web = client.delta();
    web.send({
      node: { id: 'one', metadata: struct({ team: 'web' }) },
      type_url: routeConfiguration,
      resource_names_subscribe: ['r'],
    });
    const first = await web.next();
    expect(first.resources[0]?.version).toBe(own.version);
    web.send({ node: { id: 'two' }, type_url: routeConfiguration, response_nonce: first.nonce! });
    expect(await test.event('acknowledged')).toMatchObject({ node: 'one', groups: ['web'] });

    const other = client.delta();
    other.send({ node: { id: 'two' }, type_url: routeConfiguration, resource_names_subscribe: ['r'] });
    expect((await other.next()).resources[0]?.version).toBe(routes.version);
  });

  it('all see a change, each on its stream', async () => {
    test.apply(a1);
    const streams = Array.from({ length: 50 }, () => client.delta());
    await Promise.all(
      streams.map(async (stream, index) => {
        stream.send({ node: { id: `node-${index}` }, type_url: cluster });
        const { nonce } = await stream.next();
        stream.send({ type_url: cluster, response_nonce: nonce! });
        await test.event('acknowledged', ({ node }) => node === `node-${index}`);
      }),
    );
    test.apply(a2);
    const answers = await Promise.all(streams.map((stream) => stream.next()));
    expect(new Set(answers.map(({ resources }) => resources[0]?.version))).toEqual(new Set([a2.version]));
    expect(new Set(answers.map(({ nonce }) => nonce)).size).toBe(50);
  });

  it('are described with what they were sent and what they refuse', async () => {
    test.apply(a1, makeResource(listener, 'l', '1'));
    expect(test.server.status()).toEqual([]);
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const { nonce } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: nonce!, error_detail: { code: 3, message: 'no good' } });
    await test.event('refused');
    const error = { code: 3, message: 'no good' };
    expect(test.server.status()).toMatchObject([
      {
        node: 'one',
        groups: [],
        variant: 'delta',
        types: [
          {
            ...{ typeUrl: cluster, sent: 1, acknowledged: 0, refused: 1, error: 'no good' },
            refusals: [{ name: 'a', version: a1.version, error }],
          },
        ],
      },
    ]);
    test.apply(a2);
    const { nonce: better } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: better! });
    await test.event('acknowledged');
    expect(test.server.status()[0]?.types).toEqual([
      { typeUrl: cluster, sent: 2, acknowledged: 1, refused: 1, refusals: [] },
    ]);
    stream.cancel();
    await test.event('disconnected');
    expect(test.server.status()).toEqual([]);
  });

  it('may ask for one type on a stream of its own', async () => {
    test.apply(a1, endpoints);
    const stream = client.sotw('envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints');
    stream.send({ node: { id: 'one' }, resource_names: ['a'] });
    expect((await stream.next()).type_url).toBe(loadAssignment);
    stream.send({ type_url: cluster });
    expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('rule 13: are not answered before the first sync, and then at once', async () => {
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const gone = client.delta();
    gone.send({ node: { id: 'two' }, type_url: cluster });
    const answer = stream.next();
    gone.cancel();
    await gone.ended;
    expect(test.events).toEqual([]);
    test.apply();
    expect(await answer).toMatchObject({ type_url: cluster, resources: [] });
    expect(test.events.map(({ node }) => node)).not.toContain('two');
  });

  it('rule 15: may come back with more versions than gRPC takes by itself', async () => {
    test.apply(a1);
    const versions: Record<string, string> = {};
    for (let i = 0; i < 60_000; i++) versions[`service-${i}.${'x'.repeat(60)}`] = a1.version;
    const stream = client.delta();
    stream.send({
      node: { id: 'one' },
      type_url: listener,
      resource_names_subscribe: ['*'],
      initial_resource_versions: versions,
    });
    expect((await stream.next()).removed_resources).toHaveLength(60_000);
  });

  it('get a resource of 5 MiB whole', async () => {
    const large = makeResource(cluster, 'large', '1', { bytes: 5 * 1024 * 1024 });
    test.apply(large);
    for (const variant of ['delta', 'sotw'] as const) {
      const stream = client[variant]();
      stream.send({ node: { id: variant }, type_url: cluster });
      const [resource] = (await stream.next()).resources;
      const value =
        resource && 'value' in resource
          ? resource.value
          : resource && 'resource' in resource
            ? resource.resource?.value
            : undefined;
      expect(Buffer.from(value as Uint8Array).equals(Buffer.from(large.body))).toBe(true);
    }
  });
});
