import { once } from 'node:events';
import { Client, credentials, type StatusObject, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { struct, typeUrls } from '../../src/protos/index.ts';
import type { ClientPolicy } from '../../src/xds/index.ts';
import { MountedSecret } from '../support/certificate-folder.ts';
import { Authority, noCertificates } from '../support/certificates.ts';
import { type ClientConfig, ClientStatusClient, type ClientStatusResponse } from '../support/client-status.ts';
import { makeResource } from '../support/resources.ts';
import { XdsClient } from '../support/xds-client.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const { cluster, loadAssignment, secret } = typeUrls;
const a1 = makeCluster('a', '1');
const a2 = makeCluster('a', '2');

let test: TestServer;
let client: XdsClient;
let asking: ClientStatusClient;

beforeEach(async () => {
  test = await TestServer.start();
  client = test.client();
  asking = new ClientStatusClient(test.port);
});

afterEach(async () => {
  asking.close();
  await test.close();
});

/** A client that asks for all clusters and answers what it is sent, until it stands as `then` says. */
async function connect(id: string, { from = client, error }: { from?: XdsClient; error?: string } = {}) {
  const stream = from.delta();
  stream.send({ node: { id }, type_url: cluster });
  const answer = async (refusal?: string) => {
    const { nonce } = await stream.next();
    const error_detail = refusal === undefined ? null : { code: 13, message: refusal };
    stream.send({ type_url: cluster, response_nonce: nonce!, error_detail });
    await test.event(refusal === undefined ? 'acknowledged' : 'refused', (event) => event.nonce === nonce);
  };
  await answer(error);
  return { stream, answer };
}

/** Each resource as `name CONFIG_STATUS CLIENT_STATUS`. */
function told({ generic_xds_configs }: ClientConfig): readonly string[] {
  return generic_xds_configs.map(
    ({ name, config_status, client_status }) => `${name} ${config_status} ${client_status}`,
  );
}

async function only(request = {}): Promise<ClientConfig> {
  const { config } = await asking.fetch(request);
  expect(config).toHaveLength(1);
  return config[0]!;
}

/** The only resource of the only client. */
async function resource(request = {}): Promise<ClientConfig['generic_xds_configs'][number]> {
  const { generic_xds_configs } = await only(request);
  expect(generic_xds_configs).toHaveLength(1);
  return generic_xds_configs[0]!;
}

const nodesIn = ({ config }: ClientStatusResponse) => config.map(({ node }) => node?.id);

/** In milliseconds: as exact as times are told. */
const MICROSECOND = 1e-3;

/** Milliseconds since the epoch. */
function time(timestamp: { seconds?: unknown; nanos?: number } | null | undefined): number {
  return Number(timestamp?.seconds) * 1e3 + (timestamp?.nanos ?? 0) / 1e6;
}

describe('the client status discovery service', () => {
  it('tells of each client what it accepted, what it refused, and what it asked for that does not exist', async () => {
    test.apply(a1);
    const good = await connect('good');
    const bad = await connect('bad');
    const lost = client.delta();
    lost.send({ node: { id: 'lost' }, type_url: loadAssignment, resource_names_subscribe: ['ghost'] });
    const { nonce } = await lost.next();
    const before = await asking.fetch();
    expect(before.config.map(told)).toEqual([['a SYNCED ACKED'], ['a SYNCED ACKED'], ['ghost STALE REQUESTED']]);
    lost.send({ type_url: loadAssignment, response_nonce: nonce! });
    await test.event('acknowledged', ({ node }) => node === 'lost');

    test.apply(a2);
    await good.answer();
    await bad.answer('no such thing');
    const { config } = await asking.fetch();
    expect(config.map(({ node }) => node?.id)).toEqual(['good', 'bad', 'lost']);
    expect(config.map(told)).toEqual([['a SYNCED ACKED'], ['a ERROR NACKED'], ['ghost SYNCED DOES_NOT_EXIST']]);

    const [accepted, refused, missing] = config.map(({ generic_xds_configs }) => generic_xds_configs[0]!);
    expect(accepted).toMatchObject({ type_url: cluster, name: 'a', version_info: a2.version });
    expect(accepted?.xds_config).toEqual({ type_url: cluster, value: a2.body });
    expect(accepted?.error_state).toBeUndefined();
    const { at: pushed } = await test.event('pushed', ({ changes }) => changes[0]?.version === a2.version);
    const { at: answered } = await test.event('acknowledged', ({ changes }) => changes[0]?.version === a2.version);
    expect(time(accepted?.last_updated)).toBeGreaterThan(pushed - MICROSECOND);
    expect(time(accepted?.last_updated)).toBeLessThan(answered + MICROSECOND);

    expect(refused?.version_info).toBe(a1.version);
    expect(refused?.xds_config?.value).toEqual(a1.body);
    expect(time(refused?.last_updated)).toBeLessThan(pushed + MICROSECOND);
    expect(refused?.error_state).toMatchObject({ details: 'no such thing', version_info: a2.version });
    expect(refused?.error_state?.failed_configuration).toEqual({ type_url: cluster, value: a2.body });
    expect(time(refused?.error_state?.last_update_attempt)).toBeGreaterThan(pushed - MICROSECOND);

    expect(missing).toMatchObject({ type_url: loadAssignment });
    expect([missing?.xds_config, missing?.last_updated, missing?.error_state]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('forgets an error when the client accepts another version', async () => {
    test.apply(a1);
    const { answer } = await connect('one', { error: 'no such thing' });
    expect(told(await only())).toEqual(['a ERROR NACKED']);
    test.apply(a2);
    await answer();
    const accepted = await resource();
    expect(accepted.client_status).toBe('ACKED');
    expect(accepted).not.toHaveProperty('error_state');
  });

  it('says something of a refusal for which the client gave no reason', async () => {
    test.apply(a1);
    await connect('one', { error: '' });
    expect((await resource()).error_state?.details).toBe('refused without a word, with status code 13');
  });

  it('tells of state-of-the-world clients too', async () => {
    test.apply(a1);
    const stream = client.sotw();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const { nonce, version_info } = await stream.next();
    expect(told(await only())).toEqual(['a STALE REQUESTED']);
    stream.send({ type_url: cluster, response_nonce: nonce!, version_info: version_info! });
    await test.event('acknowledged');
    expect((await only()).generic_xds_configs).toMatchObject([
      { config_status: 'SYNCED', client_status: 'ACKED', version_info: a1.version },
    ]);
  });

  it('describes a client as it describes itself', async () => {
    test.apply(a1);
    const node = {
      id: 'edge-1',
      cluster: 'edge',
      metadata: struct({ team: 'web', ports: [1, 2.5, null], nested: { on: true } }),
      locality: { region: 'eu', zone: 'eu-1', sub_zone: 'rack' },
      user_agent_name: 'envoy',
      user_agent_build_version: { version: { major_number: 1, minor_number: 40, patch: 2 } },
      client_features: ['envoy.lb.does_not_support_overprovisioning'],
    };
    const stream = client.delta();
    stream.send({ node, type_url: cluster });
    const { nonce } = await stream.next();
    // Only the first request counts, and a later one may leave the node out.
    stream.send({ node: { id: 'edge-2' }, type_url: cluster, response_nonce: nonce! });
    await test.event('acknowledged');
    const told = await only();
    expect(told.node).toMatchObject({
      ...node,
      metadata: {
        fields: { team: { stringValue: 'web' }, nested: { structValue: { fields: { on: { boolValue: true } } } } },
      },
    });
    expect(told.client_scope).toBe('edge-1');
  });

  it('takes the streams of a node over one connection for one client', async () => {
    test.apply(a1, makeResource(loadAssignment, 'a', '1'));
    const subscribe = async (from: XdsClient, id: string) => {
      const clusters = from.delta('envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters');
      clusters.send({ node: { id } });
      await clusters.next();
      const endpoints = from.sotw('envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints');
      endpoints.send({ node: { id }, resource_names: ['a'] });
      await endpoints.next();
    };
    await subscribe(client, 'one');
    await subscribe(test.client(), 'one');
    await subscribe(client, 'two');
    const { config } = await asking.fetch();
    expect(
      config.map(({ node, generic_xds_configs }) => [node?.id, ...generic_xds_configs.map(({ type_url }) => type_url)]),
    ).toEqual([
      ['one', cluster, loadAssignment],
      ['one', cluster, loadAssignment],
      ['two', cluster, loadAssignment],
    ]);
  });

  it('tells of what the groups of a client get', async () => {
    const own = makeCluster('a', 'of team web');
    test.store.apply({ set: [a1], remove: [], groups: new Map([['web', { set: [own], remove: [] }]]) });
    const stream = client.delta();
    stream.send({ node: { id: 'one', metadata: struct({ team: 'web' }) }, type_url: cluster });
    const { nonce } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: nonce! });
    await test.event('acknowledged');
    expect((await only()).generic_xds_configs).toMatchObject([{ version_info: own.version, config_status: 'SYNCED' }]);
  });

  it('tells of those that are connected only, and of nobody before there is anything to serve', async () => {
    const early = client.delta();
    early.send({ node: { id: 'early' }, type_url: cluster });
    expect(await asking.fetch()).toEqual({ config: [] });
    test.apply(a1);
    await early.next();
    expect(nodesIn(await asking.fetch())).toEqual(['early']);
    early.cancel();
    await test.event('disconnected');
    expect(await asking.fetch()).toEqual({ config: [] });
  });

  it('leaves out what is in resources if it is asked to', async () => {
    test.apply(a1);
    const { answer } = await connect('one');
    test.apply(a2);
    await answer('no such thing');
    const told = await resource({ exclude_resource_contents: true });
    expect(told).toMatchObject({ name: 'a', version_info: a1.version, error_state: { version_info: a2.version } });
    expect(told).not.toHaveProperty('xds_config');
    expect(told.error_state).not.toHaveProperty('failed_configuration');
  });

  it('never shows what is in a secret', async () => {
    const [key1, key2] = ['1', '2'].map((content) => makeResource(secret, 'key', content)) as [typeof a1, typeof a1];
    test.apply(key1);
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: secret, resource_names_subscribe: ['key'] });
    stream.send({ type_url: secret, response_nonce: (await stream.next()).nonce! });
    await test.event('acknowledged');
    const accepted = await resource();
    expect(accepted).toMatchObject({ name: 'key', version_info: key1.version, client_status: 'ACKED' });
    expect(accepted).not.toHaveProperty('xds_config');
    test.apply(key2);
    stream.send({
      type_url: secret,
      response_nonce: (await stream.next()).nonce!,
      error_detail: { code: 3, message: 'no key' },
    });
    await test.event('refused');
    const refused = await resource();
    expect(refused).toMatchObject({ client_status: 'NACKED', error_state: { version_info: key2.version } });
    expect(refused).not.toHaveProperty('xds_config');
    expect(refused.error_state).not.toHaveProperty('failed_configuration');
  });

  it('tells of those clients only that are asked for', async () => {
    test.apply(a1);
    for (const id of ['edge-1', 'edge-2', 'inner-1']) await connect(id);
    expect(nodesIn(await asking.fetch({ node_matchers: [{ node_id: { exact: 'edge-2' } }] }))).toEqual(['edge-2']);
    expect(nodesIn(await asking.fetch({ node_matchers: [{ node_id: { prefix: 'edge-' } }] }))).toEqual([
      'edge-1',
      'edge-2',
    ]);
    expect(nodesIn(await asking.fetch({ node_matchers: [{ node_id: { exact: 'nobody' } }] }))).toEqual([]);
  });

  it('refuses a matcher that it cannot try, and says why', async () => {
    const request = { node_matchers: [{ node_id: { safe_regex: { regex: '.*' } } }] };
    await expect(asking.fetch(request)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('The matcher node_id has no condition that can be tried here'),
    });
  });

  it('answers each request on a stream, in turn, with how things are then', async () => {
    test.apply(a1);
    const { answer } = await connect('one');
    const stream = asking.stream();
    const answers = responses(stream);
    stream.write({});
    expect(told((await answers.next()).config[0]!)).toEqual(['a SYNCED ACKED']);
    test.apply(a2);
    stream.write({});
    expect(told((await answers.next()).config[0]!)).toEqual(['a STALE ACKED']);
    await answer();
    stream.write({ node_matchers: [{ node_id: { exact: 'nobody' } }] });
    stream.write({});
    stream.end();
    expect((await answers.next()).config).toEqual([]);
    expect(told((await answers.next()).config[0]!)).toEqual(['a SYNCED ACKED']);
    expect(await answers.ended).toMatchObject({ code: status.OK });
  });

  it('ends a stream that asks for what cannot be, with the reason', async () => {
    const stream = asking.stream();
    const { ended } = responses(stream);
    stream.write({ node_matchers: [{ node_id: {} }] });
    expect(await ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('refuses a request with more conditions than are worth trying', async () => {
    const node_matchers = Array.from({ length: 10_000 }, (_, index) => ({ node_id: { exact: `node-${index}` } }));
    await expect(asking.fetch({ node_matchers })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'The request has more than 65536 bytes.',
    });
  });

  it('refuses bytes that are no request, and goes on', async () => {
    const raw = new Client(`127.0.0.1:${test.port}`, credentials.createInsecure());
    const path = '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus';
    const asBytes = (bytes: Buffer) => bytes;
    const [error] = await new Promise<[Error | null]>((resolve) =>
      raw.makeUnaryRequest(path, asBytes, asBytes, Buffer.from('0aff', 'hex'), (failure) => resolve([failure])),
    );
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('The bytes are no valid envoy.service.status.v3.ClientStatusRequest'),
    });
    raw.close();
    expect(await asking.fetch()).toEqual({ config: [] });
  });

  it('refuses to tell more than 64 MiB at once, and others go on', async () => {
    test.apply(...Array.from({ length: 5 }, (_, index) => makeResource(cluster, `c${index}`, '1', { bytes: 4 << 20 })));
    for (const id of ['one', 'two', 'three', 'four']) await connect(id);
    await expect(asking.fetch()).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details:
        'The answer would have more than 67108864 bytes. Ask for fewer clients with node_matchers, or set exclude_resource_contents.',
    });
    expect((await asking.fetch({ exclude_resource_contents: true })).config).toHaveLength(4);
    expect((await asking.fetch({ node_matchers: [{ node_id: { exact: 'three' } }] })).config).toHaveLength(1);
  });

  it('tells of more resources than are encoded in one go', async () => {
    test.apply(...Array.from({ length: 2_500 }, (_, index) => makeCluster(`c${index}`, '1')));
    await connect('one');
    const { generic_xds_configs } = await only();
    expect(new Set(generic_xds_configs.map(({ name }) => name)).size).toBe(2_500);
    expect(generic_xds_configs.every(({ client_status }) => client_status === 'ACKED')).toBe(true);
  });

  it('turns some away when very many ask at once, and answers the others', async () => {
    test.apply(...Array.from({ length: 5_000 }, (_, index) => makeCluster(`c${index}`, '1')));
    await connect('one');
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => asking.fetch()));
    const answered = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(answered.length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
        details: 'Too many ask at once. Ask again later.',
      });
    }
    expect(nodesIn(await asking.fetch())).toEqual(['one']);
  });

  it('does not hold up the end of the server', async () => {
    const { ended } = responses(asking.stream());
    const waiting = responses(asking.stream());
    await asking.fetch();
    const closed = test.server.close();
    expect(await ended).toMatchObject({ code: status.OK });
    expect(await waiting.ended).toMatchObject({ code: status.OK });
    await closed;
  });
});

describe.skipIf(noCertificates !== undefined)('with rules of who may be which node, CSDS', () => {
  const policy: ClientPolicy = {
    refuseConnection: () => undefined,
    refuseClaim: (identities, { id }) =>
      identities.some(({ name }) => name === 'all' || id.startsWith(name)) ? undefined : 'Somebody else.',
  };
  let authority: Authority;
  let files: MountedSecret;

  beforeAll(() => {
    authority = new Authority('ours');
    const served = authority.issue({ names: ['IP:127.0.0.1', 'DNS:localhost'], use: 'serverAuth' });
    files = new MountedSecret({ ...served, ca: authority.certificate });
  });
  afterAll(() => {
    files.delete();
    authority.delete();
  });

  const trustOf = (name: string) => {
    const { key, certificate } = authority.issue({ names: [`DNS:${name}`], use: 'clientAuth' });
    return credentials.createSsl(Buffer.from(authority.certificate), Buffer.from(key), Buffer.from(certificate));
  };

  it('tells a caller of those clients only that it might be itself', async () => {
    const trusting = await TestServer.start({ tls: { files: files.files, policy } });
    const everybody = ['web', 'shop', 'all'].map((name) => ({
      xds: new XdsClient(trusting.port, trustOf(name)),
      asking: new ClientStatusClient(trusting.port, trustOf(name)),
    }));
    const [web, shop, all] = everybody as [(typeof everybody)[0], (typeof everybody)[0], (typeof everybody)[0]];
    try {
      trusting.apply(a1);
      for (const [who, id] of [
        [web, 'web-1'],
        [web, 'web-2'],
        [shop, 'shop-1'],
      ] as const) {
        const stream = who.xds.delta();
        stream.send({ node: { id }, type_url: cluster });
        await stream.next();
      }
      expect(nodesIn(await web.asking.fetch())).toEqual(['web-1', 'web-2']);
      expect(nodesIn(await shop.asking.fetch())).toEqual(['shop-1']);
      expect(nodesIn(await shop.asking.fetch({ node_matchers: [{ node_id: { exact: 'web-1' } }] }))).toEqual([]);
      expect(nodesIn(await all.asking.fetch())).toEqual(['web-1', 'web-2', 'shop-1']);
      const stream = shop.asking.stream();
      stream.write({});
      expect(nodesIn(await responses(stream).next())).toEqual(['shop-1']);
    } finally {
      for (const { xds, asking } of everybody) {
        xds.close();
        asking.close();
      }
      await trusting.close();
    }
  });
});

/** The answers on a stream as they come. */
function responses(stream: ReturnType<ClientStatusClient['stream']>) {
  const ended = new Promise<StatusObject>((resolve) => stream.on('status', resolve));
  // The status says the same.
  stream.on('error', () => {});
  const next = async (): Promise<ClientStatusResponse> => {
    for (;;) {
      const response = stream.read();
      if (response !== null) return response;
      await once(stream, 'readable');
    }
  };
  return { next, ended };
}
