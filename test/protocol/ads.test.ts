import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/protos/index.ts';
import { Digest } from '../../src/resources/index.ts';
import { makeResource } from '../support/resources.ts';
import type { XdsClient } from '../support/xds-client.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const { cluster, loadAssignment, routeConfiguration } = typeUrls;
const a1 = makeCluster('a', '1');
const a2 = makeCluster('a', '2');
const b1 = makeCluster('b', '1');
const endpoints = makeResource(loadAssignment, 'a', '1');
const routes = makeResource(routeConfiguration, 'r', '1');

let test: TestServer;
let client: XdsClient;

beforeEach(async () => {
  test = await TestServer.start();
  client = test.client();
});

afterEach(() => test.close());

function namesOf(resources: readonly { name?: string | undefined }[]): readonly (string | undefined)[] {
  return resources.map(({ name }) => name).sort();
}

describe('delta ADS', () => {
  it('sends what a client asks for, then what changes, byte for byte', async () => {
    test.apply(a1, b1);
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const first = await stream.next();
    expect(first.type_url).toBe(cluster);
    expect(namesOf(first.resources)).toEqual(['a', 'b']);
    const [sent] = first.resources.filter(({ name }) => name === 'a');
    expect(sent).toMatchObject({ version: a1.version, resource: { type_url: cluster } });
    expect(Buffer.from(sent!.resource!.value as Uint8Array)).toEqual(Buffer.from(a1.body));

    stream.send({ type_url: cluster, response_nonce: first.nonce! });
    test.store.apply({ set: [a2], remove: [] });
    const second = await stream.next();
    expect(second.resources.map(({ version }) => version)).toEqual([a2.version]);
    expect(second.nonce).not.toBe(first.nonce);
  });

  it('rule 8: says that a name has no resource, and sends it when it comes into being', async () => {
    test.apply(a1);
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: loadAssignment, resource_names_subscribe: ['a'] });
    const first = await stream.next();
    expect(first).toMatchObject({ resources: [], removed_resources: ['a'] });
    stream.send({ type_url: loadAssignment, response_nonce: first.nonce! });
    test.apply(endpoints);
    expect(namesOf((await stream.next()).resources)).toEqual(['a']);
  });

  it('rule 10: sends nothing to a client that comes back with the versions of now', async () => {
    test.apply(a1, b1, endpoints);
    const stream = client.delta();
    stream.send({
      node: { id: 'one' },
      type_url: cluster,
      resource_names_subscribe: ['*'],
      initial_resource_versions: { a: a1.version, b: b1.version },
    });
    stream.send({ type_url: loadAssignment, resource_names_subscribe: ['a'] });
    expect((await stream.next()).type_url).toBe(loadAssignment);
    expect(stream.unread).toEqual([]);
    const told = await test.event('acknowledged');
    expect(told).toMatchObject({ nonce: '', typeUrl: cluster, node: 'one' });
    expect(namesOf(told.changes)).toEqual(['a', 'b']);
  });

  it('rule 12: holds routes back until the client has answered their clusters', async () => {
    test.apply(a1, routes);
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const clusters = await stream.next();
    stream.send({ type_url: cluster, response_nonce: clusters.nonce! });
    stream.send({ type_url: routeConfiguration, resource_names_subscribe: ['r'] });
    const first = await stream.next();
    stream.send({ type_url: routeConfiguration, response_nonce: first.nonce! });
    await test.event('acknowledged', ({ typeUrl }) => typeUrl === routeConfiguration);

    test.apply(b1, makeResource(routeConfiguration, 'r', '2'));
    const added = await stream.next();
    expect(added.type_url).toBe(cluster);
    expect(test.events.at(-1)).toMatchObject({ type: 'pushed', typeUrl: cluster });
    stream.send({ type_url: cluster, response_nonce: added.nonce! });
    expect((await stream.next()).type_url).toBe(routeConfiguration);
  });

  it('rule 14: sends a slow client the latest state when it answers, and nothing in between', async () => {
    test.apply(a1);
    const stream = client.delta();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const first = await stream.next();
    for (let change = 2; change < 200; change++) test.apply(makeCluster('a', String(change)));
    stream.send({ type_url: cluster, response_nonce: first.nonce! });
    const second = await stream.next();
    expect(second.resources.map(({ version }) => version)).toEqual([makeCluster('a', '199').version]);
    stream.send({ type_url: cluster, response_nonce: second.nonce! });
    await test.event('acknowledged', ({ nonce }) => nonce === second.nonce);
    expect(stream.unread).toEqual([]);
  });

  it('says of a type that it does not know that there is nothing, and logs it once', async () => {
    test.apply(a1);
    const stream = client.delta();
    const strange = 'type.googleapis.com/example.Strange';
    stream.send({ node: { id: 'one' }, type_url: strange, resource_names_subscribe: ['x'] });
    const answer = await stream.next();
    expect(answer).toMatchObject({ type_url: strange, removed_resources: ['x'] });
    stream.send({ type_url: strange, response_nonce: answer.nonce!, resource_names_subscribe: ['y'] });
    await stream.next();
    expect(
      test.logged.filter(({ msg }) => msg.includes('example.Strange, of which there are no resources')),
    ).toHaveLength(1);
  });
});

describe('state-of-the-world ADS', () => {
  it('rule 6: sends all clusters at each change of one', async () => {
    test.apply(a1, b1);
    const stream = client.sotw();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const first = await stream.next();
    expect(first.resources).toHaveLength(2);
    expect(first.resources.every((any) => any.type_url === cluster)).toBe(true);
    stream.send({ type_url: cluster, response_nonce: first.nonce!, version_info: first.version_info! });
    test.apply(a2);
    const second = await stream.next();
    expect(second.resources.map(({ value }) => Buffer.from(value as Uint8Array).toString()).sort()).toEqual([
      'a 2',
      'b 1',
    ]);
    expect(second.version_info).not.toBe(first.version_info);
  });

  it('sends nothing to a client that comes back with the version of now, even from another replica', async () => {
    test.apply(a1, b1, endpoints);
    const first = client.sotw();
    first.send({ node: { id: 'one' }, type_url: cluster });
    const { version_info } = await first.next();
    expect(version_info).toBe(Digest.of([b1, a1]).toString());
    first.end();
    const again = client.sotw();
    again.send({ node: { id: 'one' }, type_url: cluster, version_info: version_info! });
    again.send({ type_url: loadAssignment, resource_names: ['a'] });
    expect((await again.next()).type_url).toBe(loadAssignment);
    expect(again.unread).toEqual([]);
  });

  it('rule 2: reports a refusal with what the client said, and keeps other types flowing', async () => {
    test.apply(a1, endpoints);
    const stream = client.sotw();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const { nonce } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: nonce!, error_detail: { code: 13, message: 'no good' } });
    const refused = await test.event('refused');
    expect(refused).toMatchObject({
      node: 'one',
      typeUrl: cluster,
      nonce,
      again: false,
      changes: [{ name: 'a', version: a1.version }],
      error: { code: 13, message: 'no good' },
    });
    stream.send({ type_url: loadAssignment, resource_names: ['a'] });
    expect((await stream.next()).type_url).toBe(loadAssignment);
    expect(test.logged).toContainEqual(expect.objectContaining({ msg: 'Node "one" refused Cluster a: no good' }));
  });

  it('rule 2: takes an empty error for a refusal too', async () => {
    test.apply(a1);
    const stream = client.sotw();
    stream.send({ node: { id: 'one' }, type_url: cluster });
    const { nonce } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: nonce!, error_detail: {} });
    expect(await test.event('refused')).toMatchObject({ error: { code: 0, message: '' } });
  });
});
