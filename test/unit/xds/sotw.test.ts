import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../src/protos/index.ts';
import { Digest, ResourceStore } from '../../../src/resources/index.ts';
import { sotwStream } from '../../../src/xds/stream.ts';
import { ack, ask, introduced, nack, resource, sotwTable, stale, TYPES, world } from './script.ts';

const stateOf = (...texts: string[]) => Digest.of(texts.map(resource)).toString();

describe('what a client asks for, in state of the world', () => {
  sotwTable({
    'rule 5: no name ever given asks for everything': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', []), ['send CDS a@1 b@1']],
    ],
    'rule 5: once a name was given, no name asks for nothing': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', ['a']), ['send CDS a@1']],
      [ack('CDS', { names: [] }), ['acknowledged CDS a@1']],
      [world('CDS a@2', 'CDS c@1'), []],
    ],
    'rule 5: `*` and names mix, and no name stands twice in a response': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', []), ['send CDS a@1 b@1']],
      [ack('CDS', { names: ['*', 'a', 'a'] }), ['acknowledged CDS a@1 b@1', 'send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [ack('CDS', { names: ['a'] }), []],
      [world('CDS a@2', 'CDS b@2'), ['send CDS a@2']],
      [ack('CDS', { names: [] }), ['acknowledged CDS a@2']],
      [world('CDS a@3'), []],
    ],
    'rule 5: EDS and RDS know no wildcard': [
      ['EDS a@1', 'RDS r@1'],
      [ask('EDS', []), []],
      [ask('RDS', ['*']), []],
      [world('EDS a@2', 'RDS r@2'), []],
    ],
    'rule 6: a response of clusters, listeners or scoped routes carries all that the client is to have': [
      ['CDS a@1', 'CDS b@1', 'LDS l@1', 'LDS m@1', 'SRDS s@1', 'SRDS t@1'],
      [ask('CDS', []), ['send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [world('CDS b@2'), ['send CDS a@1 b@2']],
      [ask('LDS', []), ['send LDS l@1 m@1']],
      [ack('LDS'), ['acknowledged LDS l@1 m@1']],
      [world('-LDS m'), ['send LDS l@1']],
      [ask('SRDS', []), ['send SRDS s@1 t@1']],
      [ack('SRDS'), ['acknowledged SRDS s@1 t@1']],
      [ack('LDS'), ['acknowledged LDS -m']],
      [introduced, []],
      [world('-SRDS s', '-SRDS t'), ['send SRDS']],
    ],
    'rule 6: other types carry what changed': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a', 'b']), ['send EDS a@1 b@1']],
      [ack('EDS'), ['acknowledged EDS a@1 b@1']],
      [world('EDS b@2'), ['send EDS b@2']],
    ],
    'rule 6: what is gone of other types cannot be said, and is sent when it comes again as something else': [
      ['EDS a@1'],
      [ask('EDS', ['a', 'ghost']), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('-EDS a'), []],
      [world('EDS a@2'), ['send EDS a@2']],
    ],
    'rule 7: names newly asked for are answered, and only those': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [ack('EDS', { names: ['a', 'b'] }), ['send EDS b@1']],
    ],
    'rule 7: a name given up and asked for again is answered though it did not change': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a', 'b']), ['send EDS a@1 b@1']],
      [ack('EDS', { names: ['b'] }), ['acknowledged EDS a@1 b@1']],
      [ack('EDS', { names: ['a', 'b'] }), ['send EDS a@1']],
    ],
    'rule 7: a cluster newly asked for that does not exist is answered with the whole state': [
      ['CDS a@1'],
      [ask('CDS', ['a']), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [ack('CDS', { names: ['a', 'ghost'] }), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS -ghost']],
      [world('CDS ghost@1'), ['send CDS a@1 ghost@1']],
    ],
    'a name without a resource is sent when it comes into being': [
      [],
      [ask('RDS', ['r']), []],
      [world('RDS r@1'), ['send RDS r@1']],
    ],
    'clusters are answered even in an empty world': [
      [],
      [ask('CDS', []), ['send CDS']],
      [ack('CDS'), ['acknowledged CDS']],
      [world('CDS a@1'), ['send CDS a@1']],
    ],
    'a type that the server does not know has no resources, of which nothing can be said': [
      ['CDS a@1'],
      [ask('UNKNOWN', ['x']), []],
      [ask('CDS', []), ['send CDS a@1']],
    ],
    'a request without a type ends the stream': [
      [],
      [ask('CDS', [], { typeUrl: '' }), ['fail: A discovery request on an aggregated stream must say its type_url.']],
    ],
  });
});

describe('a client that comes back, in state of the world', () => {
  sotwTable({
    'a client that comes back with the present state is sent nothing': [
      ['CDS a@1', 'CDS b@1', 'EDS a@1', 'EDS b@1', 'EDS c@1'],
      [ask('CDS', [], { version: stateOf('CDS b@1', 'CDS a@1') }), ['acknowledged CDS a@1 b@1']],
      [ask('EDS', ['a', 'b'], { version: stateOf('EDS a@1', 'EDS b@1') }), ['acknowledged EDS a@1 b@1']],
      [world('EDS a@2'), ['send EDS a@2']],
    ],
    'a client that comes back with the same version and asks for more is sent all that it asks for': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a', 'b'], { version: stateOf('EDS a@1') }), ['send EDS a@1 b@1']],
    ],
    'a client that comes back and learns of a listener is sent its routes, though it had them before': [
      ['LDS l@1', 'RDS r@1'],
      [ask('LDS', []), ['send LDS l@1']],
      [ack('LDS'), ['acknowledged LDS l@1']],
      [ask('RDS', ['r'], { version: stateOf('RDS r@1') }), ['send RDS r@1']],
    ],
    'rule 7: names are answered whatever the version says, for it says nothing of names that were given up since': [
      ['LDS a@1', 'LDS b@1', 'RDS r@1'],
      [ask('LDS', ['a', 'b'], { version: stateOf('LDS a@1', 'LDS b@1') }), ['send LDS a@1 b@1']],
      [ask('RDS', ['r'], { version: stateOf('RDS r@1') }), ['send RDS r@1']],
    ],
    'rule 11: endpoints are sent to a client that comes for them before it comes for clusters: one may be waiting': [
      ['CDS a@1', 'EDS a@1'],
      [ask('EDS', ['a'], { version: stateOf('EDS a@1') }), ['send EDS a@1']],
    ],
    'rule 11: endpoints that are gone are sent empty to a client that comes for them and says nothing of clusters: one may be waiting':
      [
        ['EDS b@1'],
        [ask('EDS', ['a', 'b'], { version: 'another' }), ['send EDS b@1']],
        [ack('EDS'), ['acknowledged EDS b@1']],
        [introduced, ['send EDS a@none']],
        [ack('EDS'), ['acknowledged EDS a@none']],
      ],
    'rule 11: endpoints that go while such a client has yet to take them are sent empty': [
      ['EDS a@1'],
      [ask('EDS', ['a'], { version: 'another' }), ['send EDS a@1']],
      [introduced, []],
      [nack('EDS'), ['refused EDS a@1']],
      [world('-EDS a'), ['send EDS a@none']],
    ],
    'rule 11: endpoints that go while such a client has them in flight beside refused ones are sent again': [
      ['EDS a@bad', 'EDS b@1'],
      [ask('EDS', ['a', 'b'], { version: 'another' }), ['send EDS a@bad b@1']],
      [world('-EDS b'), []],
      [nack('EDS'), ['refused EDS a@bad b@1, again', 'send EDS a@bad']],
      [nack('EDS'), ['refused EDS a@bad', 'send EDS b@1']],
    ],
    'rule 12: changed routes wait for a client that comes for endpoints and not yet for clusters to have had the time to':
      [
        ['CDS b@1', 'EDS a@1', 'RDS r@2'],
        [ask('EDS', ['a'], { version: 'another' }), ['send EDS a@1']],
        [ask('RDS', ['r'], { version: 'another' }), []],
        [ack('EDS'), ['acknowledged EDS a@1']],
        [ask('CDS', [], { version: 'another' }), ['send CDS b@1']],
        [ack('CDS'), ['acknowledged CDS b@1', 'send RDS r@2']],
      ],
    'a client that comes back to an empty world is told that there is nothing': [
      [],
      [ask('CDS', [], { version: stateOf('CDS a@1') }), ['send CDS']],
    ],
    'rule 1: a nonce of an earlier stream does not make the first request stale': [
      ['CDS a@1'],
      [ask('CDS', [], { nonce: 'older.3' }), ['send CDS a@1']],
    ],
    'rule 12: a cluster that went while the client was away stays until the routes that may refer to it have changed': [
      ['CDS a@1', 'EDS a@1', 'CDS b@1', 'RDS r@1>a'],
      [world('-CDS a', '-EDS a', 'RDS r@2>b'), []],
      [ask('CDS', [], { version: 'another' }), ['send CDS a@1 b@1']],
      [ask('EDS', ['a', 'b'], { version: 'another' }), ['send EDS a@1 b@none']],
      [ask('RDS', ['r'], { version: 'another' }), []],
      [introduced, []],
      [ack('EDS'), ['acknowledged EDS a@1 b@none']],
      [ack('CDS'), ['acknowledged CDS b@1', 'send RDS r@2>b']],
      [ack('RDS'), ['acknowledged RDS r@2>b', 'send CDS b@1']],
    ],
    'a client that comes for the first time is not sent what went before': [
      ['CDS a@1', 'CDS b@1'],
      [world('-CDS a'), []],
      [ask('CDS', []), ['send CDS b@1']],
    ],
    'rule 12: changed routes wait for the clusters that the client missed': [
      ['CDS new@1', 'RDS r@new'],
      [ask('CDS', [], { version: stateOf('CDS old@1') }), ['send CDS new@1']],
      [ask('RDS', ['r'], { version: stateOf('RDS r@old') }), []],
      [ack('CDS'), ['acknowledged CDS new@1', 'send RDS r@new']],
    ],
    'rule 11: all endpoints follow the first change of a state that was only claimed: the client may have taken a part of what it refused':
      [
        ['CDS a@1', 'CDS b@1', 'EDS a@1', 'EDS b@1'],
        [ask('CDS', [], { version: stateOf('CDS a@1', 'CDS b@1') }), ['acknowledged CDS a@1 b@1']],
        [ask('EDS', ['a', 'b'], { version: stateOf('EDS a@1', 'EDS b@1') }), ['acknowledged EDS a@1 b@1']],
        [world('CDS b@2'), ['send CDS a@1 b@2', 'send EDS a@1 b@1']],
        [ack('CDS'), ['acknowledged CDS b@2']],
        [ack('EDS'), ['acknowledged EDS a@1 b@1']],
        [world('CDS b@3'), ['send CDS a@1 b@3', 'send EDS b@1']],
      ],
    'rule 11: endpoints of changed clusters are sent though the client comes back with their state': [
      ['CDS a@2', 'EDS a@1'],
      [ask('CDS', [], { version: stateOf('CDS a@1') }), ['send CDS a@2']],
      [ask('EDS', ['a'], { version: stateOf('EDS a@1') }), ['send EDS a@1']],
    ],
  });
});

describe('a cluster that goes early, in state of the world', () => {
  sotwTable({
    'rule 11: a cluster that went before its endpoints were asked for gets the last that there were': [
      ['CDS a@1', 'EDS a@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [world('-CDS a', '-EDS a'), []],
      [ask('EDS', ['a', 'b']), ['send EDS a@1']],
    ],
    'rule 11: endpoints that are gone and were refused are sent empty, and no more if that is refused, too': [
      ['CDS a@1', 'EDS a@bad'],
      [ask('CDS', []), ['send CDS a@1']],
      [ask('EDS', ['a']), ['send EDS a@bad']],
      [nack('EDS'), ['refused EDS a@bad']],
      [world('-EDS a'), ['send EDS a@none']],
      [nack('EDS'), ['refused EDS a@none']],
      [world('CDS b@1'), []],
      [ack('CDS'), ['acknowledged CDS a@1', 'send CDS a@1 b@1']],
    ],
    'rule 11: empty endpoints that are refused beside others are sent again by themselves': [
      ['CDS a@1', 'CDS b@1', 'EDS b@bad'],
      [ask('CDS', []), ['send CDS a@1 b@1']],
      [ask('EDS', ['a', 'b']), ['send EDS a@none b@bad']],
      [nack('EDS'), ['refused EDS a@none b@bad, again', 'send EDS b@bad']],
      [nack('EDS'), ['refused EDS b@bad', 'send EDS a@none']],
    ],
  });

  it('rule 11: a cluster that went before its endpoints were asked for gets empty ones, or the client waits for ever', () => {
    const store = new ResourceStore();
    const cluster = resource('CDS a@1');
    store.apply({ set: [cluster], remove: [] });
    const stream = sotwStream({ id: 's', view: store.view() });
    const request = { version: '', nonce: '', error: undefined, names: [] };
    stream.request({ ...request, typeUrl: TYPES.CDS });
    stream.worldChanged(store.apply({ set: [], remove: [cluster] }).of());

    const [response] = stream.request({ ...request, typeUrl: TYPES.EDS, names: ['a'] });
    expect(response).toMatchObject({ type: 'respond', typeUrl: TYPES.EDS, resources: [{ name: 'a' }] });
    const { resources } = response as Extract<typeof response, { type: 'respond' }>;
    expect(decode('envoy.config.endpoint.v3.ClusterLoadAssignment', resources[0]!.body)).toEqual(
      decode(
        'envoy.config.endpoint.v3.ClusterLoadAssignment',
        encode('envoy.config.endpoint.v3.ClusterLoadAssignment', { cluster_name: 'a' }),
      ),
    );
    expect(
      stream.request({
        ...request,
        typeUrl: TYPES.EDS,
        names: ['a', 'b'],
        nonce: (response as { nonce: string }).nonce,
      }),
    ).toMatchObject([{ type: 'acknowledged' }]);
  });
});

describe('answers and changes, in state of the world', () => {
  sotwTable({
    'rule 2: a refused resource is not sent again until it changes': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [nack('EDS'), ['refused EDS a@1']],
      [ack('EDS', { names: ['a', 'b'] }), ['send EDS b@1']],
      [ack('EDS'), ['acknowledged EDS b@1']],
      [world('EDS a@2'), ['send EDS a@2']],
    ],
    'rule 2: a refused cluster is left at the version that the client has, and others go on': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', []), ['send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [world('CDS a@2'), ['send CDS a@2 b@1']],
      [nack('CDS'), ['refused CDS a@2']],
      [world('CDS b@2'), ['send CDS a@1 b@2']],
      [ack('CDS'), ['acknowledged CDS b@2']],
      [world('CDS a@3'), ['send CDS a@3 b@2']],
    ],
    'rule 2: several refused changes are sent again in halves, beside what the client has': [
      ['CDS a@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [world('CDS b@1', 'CDS bad@1'), ['send CDS a@1 b@1 bad@1']],
      [nack('CDS'), ['refused CDS b@1 bad@1, again', 'send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS b@1', 'send CDS a@1 b@1 bad@1']],
      [nack('CDS'), ['refused CDS bad@1']],
      [world('CDS a@2'), ['send CDS a@2 b@1']],
    ],
    'rule 2: endpoints of a refused response are sent again in halves': [
      ['EDS a@1', 'EDS bad@1'],
      [ask('EDS', ['a', 'bad']), ['send EDS a@1 bad@1']],
      [nack('EDS'), ['refused EDS a@1 bad@1, again', 'send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS bad@1']],
      [nack('EDS'), ['refused EDS bad@1']],
    ],
    'rule 2: a refused first state of a client that has none is sent again in halves': [
      ['CDS a@1', 'CDS bad@1'],
      [ask('CDS', []), ['send CDS a@1 bad@1']],
      [nack('CDS'), ['refused CDS a@1 bad@1, again', 'send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1', 'send CDS a@1 bad@1']],
      [nack('CDS'), ['refused CDS bad@1']],
      [world('CDS a@2'), ['send CDS a@2']],
    ],
    'a refused first state of a client that comes back is not tried out: absence would delete what it has': [
      ['CDS a@1', 'CDS bad@1'],
      [ask('CDS', [], { version: stateOf('CDS old@1') }), ['send CDS a@1 bad@1']],
      [nack('CDS'), ['refused CDS a@1 bad@1']],
      [world('CDS a@2'), ['send CDS a@2 bad@1']],
      [nack('CDS'), ['refused CDS a@2 bad@1']],
      [world('CDS bad@2'), ['send CDS a@2 bad@2']],
      [ack('CDS'), ['acknowledged CDS a@2 bad@2']],
      [world('CDS bad@3'), ['send CDS a@2 bad@3']],
      [nack('CDS'), ['refused CDS bad@3']],
      [world('CDS a@3'), ['send CDS a@3 bad@2']],
    ],
    'rule 2: what changes back after a refused response of several is sent, since the client may have taken it': [
      ['EDS a@1', 'EDS bad@1'],
      [ask('EDS', ['a', 'bad']), ['send EDS a@1 bad@1']],
      [ack('EDS'), ['acknowledged EDS a@1 bad@1']],
      [world('EDS a@2', 'EDS bad@2'), ['send EDS a@2 bad@2']],
      [world('EDS a@1'), []],
      [nack('EDS'), ['refused EDS a@2 bad@2, again', 'send EDS bad@2']],
      [nack('EDS'), ['refused EDS bad@2', 'send EDS a@1']],
    ],
    'rule 3: a request with an old nonce is not answered, and its names are not lost': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
      [ack('EDS'), ['acknowledged EDS a@2']],
      [stale('EDS', { names: ['a', 'b'] }), []],
      [ack('EDS', { names: ['a', 'b'] }), ['send EDS b@1']],
    ],
    'rule 3: a name given up in a request with an old nonce, and asked for again after it, is answered': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a', 'b']), ['send EDS a@1 b@1']],
      [ack('EDS'), ['acknowledged EDS a@1 b@1']],
      [world('EDS a@2'), ['send EDS a@2']],
      [stale('EDS', { names: ['a'] }), []],
      [ack('EDS', { names: ['a', 'b'] }), ['acknowledged EDS a@2', 'send EDS b@1']],
    ],
    'rule 3: a change of names while a response is in flight is answered after it, with the latest state': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ask('EDS', ['a', 'b']), []],
      [world('EDS a@2', 'EDS b@2'), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS a@2 b@2']],
    ],
    'rule 3: an error with an old nonce refuses nothing': [
      ['EDS a@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
      [stale('EDS', { error: { code: 3, message: 'late' } }), []],
      [ack('EDS'), ['acknowledged EDS a@2']],
    ],
    'rule 11: a cluster that a refused response may have changed is followed by its endpoints when it is sent as it was':
      [
        ['CDS a@1', 'CDS b@1', 'EDS a@1', 'EDS b@1'],
        [ask('CDS', []), ['send CDS a@1 b@1']],
        [ack('CDS'), ['acknowledged CDS a@1 b@1']],
        [ask('EDS', ['a', 'b']), ['send EDS a@1 b@1']],
        [ack('EDS'), ['acknowledged EDS a@1 b@1']],
        [world('CDS a@bad', 'CDS b@2'), ['send CDS a@bad b@2', 'send EDS a@1 b@1']],
        [ack('EDS'), ['acknowledged EDS a@1 b@1']],
        [nack('CDS'), ['refused CDS a@bad b@2, again', 'send CDS a@bad b@1', 'send EDS a@1 b@1']],
      ],
    'rule 3: a nonce of another type is an old one': [
      ['CDS a@1', 'EDS a@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [(script) => ask('EDS', ['a'], { nonce: script.nonces.get('CDS')![0]! })(script), []],
      [ack('EDS'), ['acknowledged EDS a@1']],
    ],
    'a request without a nonce answers nothing, and its names are answered': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [ask('EDS', ['a', 'b']), ['send EDS b@1']],
    ],
    'what a client gives up while it is in flight is no part of its state': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', ['a', 'b']), ['send CDS a@1 b@1']],
      [ask('CDS', ['a']), []],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [world('CDS a@2'), ['send CDS a@2']],
    ],
    'what goes while its refused response is tried out in halves stops nothing': [
      ['RDS a@1', 'RDS b@1', 'RDS c@1'],
      [ask('RDS', ['a', 'b', 'c']), ['send RDS a@1 b@1 c@1']],
      [nack('RDS'), ['refused RDS a@1 b@1 c@1, again', 'send RDS a@1 b@1']],
      [nack('RDS'), ['refused RDS a@1 b@1, again', 'send RDS a@1']],
      [world('-RDS b'), []],
      [ack('RDS'), ['acknowledged RDS a@1', 'send RDS c@1']],
    ],
    'an ACK that repeats itself is not answered': [
      ['EDS a@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [ack('EDS'), []],
    ],
  });
});
