import { describe, expect, it } from 'vitest';
import { encode, typeUrls } from '../../../src/protos/index.ts';
import { contentVersion, type ResourceOptions, resourceOf, resourceOfAny } from '../../../src/resources/index.ts';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const UNKNOWN = 'type.googleapis.com/example.Unknown';
const bytes = new Uint8Array([1, 2, 3]);

describe('a resource of a message', () => {
  it('is its bytes, frozen, with the name that the message says and a hash of the content as version', () => {
    const resource = resourceOf(CLUSTER, { name: 'a' });
    const body = encode(CLUSTER, { name: 'a' });
    expect(resource).toEqual({
      typeUrl: typeUrls.cluster,
      name: 'a',
      version: contentVersion(body),
      body,
      follower: undefined,
    });
    expect(Object.isFrozen(resource)).toBe(true);
  });

  it('may have a name, a version and a follower of the caller’s choice', () => {
    const options: ResourceOptions = { name: 'b', version: '7', follower: { typeUrl: UNKNOWN, name: 'c' } };
    expect(resourceOf(CLUSTER, { name: 'a' }, options)).toMatchObject(options);
  });

  it('may say what it refers to, which nothing can change afterwards', () => {
    const names = ['b', 'c', 'b'];
    const { references } = resourceOf('envoy.config.route.v3.RouteConfiguration', { name: 'a' }, { references: names });
    names.push('d');
    expect(references).toEqual(new Set(['b', 'c']));
    expect(resourceOf(CLUSTER, { name: 'a' }).references).toBeUndefined();
  });

  it('says its name in each type that has one', () => {
    const named = [
      resourceOf(CLUSTER, { name: 'é' }),
      resourceOf('envoy.config.endpoint.v3.ClusterLoadAssignment', { cluster_name: 'é' }),
      resourceOf('envoy.config.listener.v3.Listener', { name: 'é' }),
      resourceOf('envoy.config.route.v3.RouteConfiguration', { name: 'é' }),
      resourceOf('envoy.config.route.v3.ScopedRouteConfiguration', { name: 'é' }),
    ];
    expect(named.map(({ name }) => name)).toEqual(named.map(() => 'é'));
  });

  it('is followed by its endpoints if it is a cluster that takes them from EDS', () => {
    const follower = (name: string) => ({ typeUrl: typeUrls.loadAssignment, name });
    expect(resourceOf(CLUSTER, { name: 'a', type: 'EDS' }).follower).toEqual(follower('a'));
    const service = { service_name: 's' };
    expect(resourceOf(CLUSTER, { name: 'a', type: 'EDS', eds_cluster_config: service }).follower).toEqual(
      follower('s'),
    );
    expect(resourceOf(CLUSTER, { name: 'a', type: 'EDS', eds_cluster_config: {} }).follower).toEqual(follower('a'));
    expect(resourceOf(CLUSTER, { name: 'a', type: 'STATIC' }).follower).toBeUndefined();
  });

  it('has a name', () => {
    const sentence = `A resource of ${typeUrls.cluster} needs a name: say it in the message, or as the option name.`;
    expect(() => resourceOf(CLUSTER, {})).toThrow(sentence);
    expect(() => resourceOf(CLUSTER, { name: 'a' }, { name: '' })).toThrow(sentence);
    expect(() => resourceOf('envoy.config.route.v3.VirtualHost', { name: 'a' })).toThrow('needs a name');
  });

  it('has a version', () => {
    expect(() => resourceOf(CLUSTER, { name: 'a' }, { version: '' })).toThrow(
      `${typeUrls.cluster} "a" has an empty version: say one, or leave the option out.`,
    );
  });
});

describe('a resource of bytes', () => {
  it('may be of any type, and is these bytes', () => {
    const resource = resourceOfAny({ type_url: UNKNOWN, value: bytes }, { name: 'x' });
    expect(resource).toEqual({ typeUrl: UNKNOWN, name: 'x', version: contentVersion(bytes), body: bytes });
    expect(resource.body).toBe(bytes);
  });

  it('needs a name if its type is not known to say one, and a type', () => {
    expect(() => resourceOfAny({ type_url: UNKNOWN, value: bytes })).toThrow(
      `A resource of ${UNKNOWN} needs a name: say it in the message, or as the option name.`,
    );
    expect(() => resourceOfAny({ type_url: '', value: bytes }, { name: 'x' })).toThrow('needs a type');
  });

  it('says its name, past fields that are not known here', () => {
    const strange = Buffer.from([0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xf8, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    const value = Buffer.concat([strange, encode(CLUSTER, { name: 'a', type: 'EDS' })]);
    expect(resourceOfAny({ type_url: typeUrls.cluster, value })).toMatchObject({
      name: 'a',
      follower: { name: 'a' },
    });
    const secret = Buffer.from([0x0a, 1, 0x73]);
    expect(resourceOfAny({ type_url: typeUrls.secret, value: secret }).name).toBe('s');
  });

  it('is refused if its name cannot be read', () => {
    const value = Buffer.from([0x0a, 9, 0x73]);
    expect(() => resourceOfAny({ type_url: typeUrls.cluster, value })).toThrow(
      `The bytes are no valid ${typeUrls.cluster}: index out of range`,
    );
  });
});
