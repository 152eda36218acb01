import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/protos/index.ts';
import { makeResource } from '../support/resources.ts';
import type { XdsClient } from '../support/xds-client.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const { cluster, loadAssignment, listener } = typeUrls;
const a1 = makeCluster('a', '1');
const a2 = makeCluster('a', '2');
const endpoints = makeResource(loadAssignment, 'a', '1');

let test: TestServer;
let client: XdsClient;

beforeEach(async () => {
  test = await TestServer.start();
  client = test.client();
});

afterEach(() => test.close());

/** The service of each type, and the names of its methods after `Stream` and `Delta`. */
const services = {
  CDS: ['envoy.service.cluster.v3.ClusterDiscoveryService', 'Clusters', cluster],
  EDS: ['envoy.service.endpoint.v3.EndpointDiscoveryService', 'Endpoints', loadAssignment],
  LDS: ['envoy.service.listener.v3.ListenerDiscoveryService', 'Listeners', listener],
  RDS: ['envoy.service.route.v3.RouteDiscoveryService', 'Routes', typeUrls.routeConfiguration],
  SRDS: ['envoy.service.route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes', typeUrls.scopedRouteConfiguration],
  SDS: ['envoy.service.secret.v3.SecretDiscoveryService', 'Secrets', typeUrls.secret],
  VHDS: ['envoy.service.route.v3.VirtualHostDiscoveryService', 'VirtualHosts', typeUrls.virtualHost],
} as const;

describe('the service of one type', () => {
  const sotw = Object.entries(services).filter(([name]) => name !== 'VHDS');
  it.each(sotw)('%s serves its type in state of the world, named in requests or not', async (_name, service) => {
    const [path, methods, typeUrl] = service;
    const resource = makeResource(typeUrl, 'x', '1');
    test.apply(resource);
    const stream = client.sotw(`${path}/Stream${methods}`);
    stream.send({ node: { id: 'one' }, resource_names: ['x'] });
    const first = await stream.next();
    expect(first).toMatchObject({ type_url: typeUrl, resources: [{ value: resource.body }] });
    stream.send({ type_url: typeUrl, resource_names: ['x'], response_nonce: first.nonce! });
    expect(await test.event('acknowledged')).toMatchObject({ typeUrl, changes: [{ name: 'x' }] });
  });

  it.each(Object.entries(services))('%s serves its type in delta, named in requests or not', async (_name, service) => {
    const [path, methods, typeUrl] = service;
    const resource = makeResource(typeUrl, 'x', '1');
    test.apply(resource);
    const stream = client.delta(`${path}/Delta${methods}`);
    stream.send({ node: { id: 'one' }, resource_names_subscribe: ['x'] });
    const first = await stream.next();
    expect(first).toMatchObject({ type_url: typeUrl, resources: [{ name: 'x', version: resource.version }] });
    stream.send({ type_url: typeUrl, response_nonce: first.nonce! });
    expect(await test.event('acknowledged')).toMatchObject({ typeUrl, changes: [{ name: 'x' }] });
  });

  it('VHDS has no method for state of the world', async () => {
    test.apply();
    const stream = client.sotw('envoy.service.route.v3.VirtualHostDiscoveryService/StreamVirtualHosts');
    stream.send({ node: { id: 'one' } });
    expect(await stream.ended).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('refuses another type, in both variants, and says which it carries', async () => {
    test.apply(a1);
    const streams = [
      client.sotw('envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters'),
      client.delta('envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters'),
    ];
    for (const stream of streams) {
      stream.send({ node: { id: 'one' }, type_url: listener });
      expect(await stream.ended).toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: `This stream carries ${cluster} only, and the request asks for ${listener}.`,
      });
    }
  });

  it('may be asked by one client on several streams, each with state of its own', async () => {
    test.apply(endpoints, makeResource(loadAssignment, 'b', '1'));
    const path = 'envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints';
    const answers = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const stream = client.sotw(path);
        stream.send({ node: { id: 'one' }, resource_names: [name] });
        return stream.next();
      }),
    );
    expect(answers.map(({ resources }) => resources.length)).toEqual([1, 1]);
    expect(new Set(answers.map(({ nonce }) => nonce)).size).toBe(2);
  });
});

describe('an aggregated stream', () => {
  it('of state of the world without a type ends as an invalid argument', async () => {
    test.apply(a1);
    const stream = client.sotw();
    stream.send({ node: { id: 'one' } });
    expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('of which the client has ended its side is answered what was asked, and then ended', async () => {
    test.apply(a1);
    for (const variant of ['sotw', 'delta'] as const) {
      const stream = client[variant]();
      stream.send({ node: { id: variant }, type_url: cluster });
      stream.end();
      expect((await stream.next()).resources).toHaveLength(1);
      expect(await stream.ended).toMatchObject({ code: status.OK });
      expect(await test.event('disconnected', ({ node }) => node === variant)).toMatchObject({
        reason: 'the client ended the stream',
      });
    }
    expect(test.server.status()).toEqual([]);
  });

  it('has a nonce in each response, none twice, and none that another stream has', async () => {
    test.apply(a1, endpoints);
    const nonces: string[] = [];
    for (const stream of [client.delta(), client.delta()]) {
      stream.send({ node: { id: 'one' }, type_url: cluster });
      nonces.push((await stream.next()).nonce!);
      stream.send({ type_url: loadAssignment, resource_names_subscribe: ['a'] });
      nonces.push((await stream.next()).nonce!);
    }
    expect(new Set(nonces).size).toBe(4);
    expect(nonces).not.toContain('');
  });

  it('has a version for each type, which changes when a resource of that type does', async () => {
    test.apply(a1, makeResource(listener, 'l', '1'));
    const stream = client.sotw();
    const ask = async (typeUrl: string) => {
      stream.send({ node: { id: 'one' }, type_url: typeUrl });
      const response = await stream.next();
      stream.send({ type_url: typeUrl, response_nonce: response.nonce!, version_info: response.version_info! });
      await test.event('acknowledged', ({ nonce }) => nonce === response.nonce);
      return response.version_info;
    };
    const versions = [await ask(cluster), await ask(listener)];
    test.apply(a2);
    const changed = await stream.next();
    expect(changed.type_url).toBe(cluster);
    expect(new Set([...versions, changed.version_info]).size).toBe(3);
    expect(stream.unread).toEqual([]);
  });
});

describe('a client that comes back with 50,000 versions', () => {
  it('is sent the one that is old, told of the one that is gone, and nothing of those that are equal', async () => {
    await test.close();
    test = await TestServer.start({ limits: { introductionMs: 10 } });
    const resources = Array.from({ length: 49_999 }, (_, index) => makeCluster(`service-${index}`, '1'));
    test.apply(...resources);
    const versions = Object.fromEntries(resources.map(({ name, version }) => [name, version]));
    const stream = test.client().delta();
    stream.send({
      node: { id: 'one' },
      type_url: cluster,
      resource_names_subscribe: ['*'],
      initial_resource_versions: { ...versions, 'service-7': 'old', gone: 'any' },
    });
    const first = await stream.next();
    expect(first.resources.map(({ name }) => name)).toEqual(['service-7']);
    expect(first.removed_resources).toEqual([]);
    stream.send({ type_url: cluster, response_nonce: first.nonce! });
    // Removals wait until it has had time to ask for what may refer to them.
    expect(await stream.next()).toMatchObject({ resources: [], removed_resources: ['gone'] });
    expect((await test.event('acknowledged', ({ nonce }) => nonce === '')).changes).toHaveLength(49_998);
  });
});
