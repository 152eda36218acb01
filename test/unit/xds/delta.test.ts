import { describe } from 'vitest';
import { ack, change, deltaTable, introduced, nack, resource, stale, world } from './script.ts';

const versions = (...texts: string[]) =>
  new Map(texts.map((text) => [resource(text).name, resource(text).version] as const));

describe('what a client asks for, in delta', () => {
  deltaTable({
    'rule 5: no name ever given asks for everything of a type that has a wildcard': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS'), ['send CDS a@1 b@1']],
    ],
    'rule 5: `*` asks for everything': [
      ['LDS a@1', 'LDS b@1'],
      [change('LDS', { subscribe: ['*'] }), ['send LDS a@1 b@1']],
    ],
    'rule 5: a name given first asks for that name only, and an empty request afterwards for nothing more': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS', { subscribe: ['a'] }), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [change('CDS'), []],
      [change('CDS', { unsubscribe: ['a'] }), []],
      [change('CDS'), []],
      [world('CDS a@2', 'CDS b@2'), []],
    ],
    'rule 5: a name given after no name goes beside the wildcard': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS'), ['send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [change('CDS', { subscribe: ['a'] }), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [world('CDS c@1'), ['send CDS c@1']],
    ],
    'rule 5: `*` taken back leaves the names': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS', { subscribe: ['*', 'a'] }), ['send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [change('CDS', { unsubscribe: ['*'] }), []],
      [world('CDS b@2', 'CDS c@1'), []],
      [world('CDS a@2'), ['send CDS a@2']],
    ],
    'rule 5: `*` taken back from a client that never gave a name leaves nothing, whatever it asks without names': [
      ['CDS a@1'],
      [change('CDS'), ['send CDS a@1']],
      [ack('CDS', { unsubscribe: ['*'] }), ['acknowledged CDS a@1']],
      [change('CDS'), []],
      [world('CDS a@2'), []],
    ],
    'rule 5: `*` given after no name is what the client has already; given once more, it is answered once more': [
      ['CDS a@1'],
      [change('CDS'), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [change('CDS', { subscribe: ['*'] }), []],
      [change('CDS', { subscribe: ['*'] }), ['send CDS a@1']],
    ],
    'rule 5: `*` given beside names is answered with what these leave out': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS', { subscribe: ['a'] }), ['send CDS a@1']],
      [ack('CDS', { subscribe: ['*'] }), ['acknowledged CDS a@1', 'send CDS b@1']],
    ],
    'rule 5: `*` is answered even if it adds nothing': [
      ['CDS a@1'],
      [change('CDS', { subscribe: ['a'] }), ['send CDS a@1']],
      [ack('CDS', { subscribe: ['*'] }), ['acknowledged CDS a@1', 'send CDS']],
    ],
    'rule 5: a name that `*` covers too stands once in a response': [
      ['CDS a@1'],
      [change('CDS', { subscribe: ['a', '*', 'a'] }), ['send CDS a@1']],
    ],
    'rule 5: RDS and EDS know no wildcard': [
      ['RDS r@1', 'EDS a@1'],
      [change('RDS'), []],
      [change('EDS', { subscribe: ['*'] }), ['send EDS -*']],
      [world('RDS r@2', 'EDS a@2'), []],
    ],
    'rule 5: `*` taken back and given again is answered with everything': [
      ['CDS a@1'],
      [change('CDS', { subscribe: ['*'] }), ['send CDS a@1']],
      [ack('CDS', { unsubscribe: ['*'] }), ['acknowledged CDS a@1']],
      [change('CDS', { subscribe: ['*'] }), ['send CDS a@1']],
    ],
    'rule 7: a name asked for once more is answered once more': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
    ],
    'rule 7: a name given up and asked for again is answered': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS', { unsubscribe: ['a'] }), ['acknowledged EDS a@1']],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
    ],
    'rule 7: a name given up and asked for again in one request is answered and stays': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS', { subscribe: ['a'], unsubscribe: ['a'] }), ['acknowledged EDS a@1', 'send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
    ],
    'rule 7: a name asked for while it is in flight is answered after that': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [change('EDS', { subscribe: ['a'] }), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS a@1']],
    ],
    'rule 8: a name without a resource is said to be removed, stays, and is sent when it comes into being': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a', 'ghost'] }), ['send EDS a@1 -ghost']],
      [ack('EDS'), ['acknowledged EDS a@1 -ghost']],
      [world('EDS ghost@1'), ['send EDS ghost@1']],
    ],
    'rule 8: of virtual hosts, a name that was asked for by itself gets an empty entry, for which a request waits': [
      ['VHDS r/a@1'],
      [change('VHDS'), ['send VHDS r/a@1']],
      [ack('VHDS'), ['acknowledged VHDS r/a@1']],
      [change('VHDS', { subscribe: ['r/b'] }), ['send VHDS ?r/b']],
      [ack('VHDS'), ['acknowledged VHDS -r/b']],
      [change('VHDS', { subscribe: ['r/b'] }), ['send VHDS ?r/b']],
      [ack('VHDS'), ['acknowledged VHDS -r/b']],
      [world('VHDS r/b@1'), ['send VHDS r/b@1']],
    ],
    'rule 8: a virtual host that the client has is said to be removed, and if it is asked for then, to be unknown': [
      ['VHDS r/a@1'],
      [change('VHDS', { subscribe: ['r/a'] }), ['send VHDS r/a@1']],
      [ack('VHDS'), ['acknowledged VHDS r/a@1']],
      [introduced, []],
      [world('-VHDS r/a'), ['send VHDS -r/a']],
      [change('VHDS', { subscribe: ['r/a'] }), []],
      [ack('VHDS'), ['acknowledged VHDS -r/a', 'send VHDS ?r/a']],
    ],
    'rule 10: who comes back with a virtual host that it was told was unknown does not have it': [
      [],
      [change('VHDS', { subscribe: ['r/a'], initialVersions: new Map([['r/a', '']]) }), ['send VHDS ?r/a']],
    ],
    'rule 8: a client that starts with a wildcard is answered even in an empty world': [
      [],
      [change('CDS'), ['send CDS']],
      [ack('CDS'), ['acknowledged CDS']],
      [world('CDS a@1'), ['send CDS a@1']],
    ],
    'rule 8: a name whose resource was refused is said to be removed once that is gone': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [nack('EDS'), ['refused EDS a@1']],
      [introduced, []],
      [world('-EDS a'), ['send EDS -a']],
    ],
    'rule 9: a name given up under `*` is answered with its resource': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS', { subscribe: ['*', 'a'] }), ['send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [change('CDS', { unsubscribe: ['a'] }), ['send CDS a@1']],
    ],
    'rule 9: a name without a resource given up under `*` is answered with its removal': [
      ['CDS a@1'],
      [change('CDS', { subscribe: ['*', 'ghost'] }), ['send CDS a@1 -ghost']],
      [ack('CDS'), ['acknowledged CDS a@1 -ghost']],
      [change('CDS', { unsubscribe: ['ghost'] }), ['send CDS -ghost']],
    ],
    'a name given up without `*`, or never asked for, is not answered': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [change('EDS', { unsubscribe: ['a', 'never'] }), []],
      [world('EDS a@2'), []],
    ],
    'a type that the server does not know has no resources, and says so by name': [
      ['CDS a@1'],
      [change('UNKNOWN', { subscribe: ['x'] }), ['send UNKNOWN -x']],
      [ack('UNKNOWN'), ['acknowledged UNKNOWN -x']],
      [change('UNKNOWN', { subscribe: ['y'] }), ['send UNKNOWN -y']],
    ],
    'a request without a type ends the stream': [
      ['CDS a@1'],
      [change('CDS', { typeUrl: '' }), ['fail: A discovery request on an aggregated stream must say its type_url.']],
      [change('CDS'), []],
      [world('CDS a@2'), []],
    ],
  });
});

describe('a client that comes back, in delta', () => {
  deltaTable({
    'rule 10: equal versions are not sent again': [
      ['RDS a@1', 'RDS b@1'],
      [
        change('RDS', { subscribe: ['a', 'b'], initialVersions: versions('RDS a@1', 'RDS b@1') }),
        ['acknowledged RDS a@1 b@1'],
      ],
      [world('RDS b@2'), ['send RDS b@2']],
    ],
    'rule 10: other versions are sent, and so are names without a version': [
      ['RDS a@2', 'RDS b@1', 'RDS c@1'],
      [
        change('RDS', { subscribe: ['a', 'b', 'c'], initialVersions: versions('RDS a@1', 'RDS b@1') }),
        ['acknowledged RDS b@1', 'send RDS a@2 c@1'],
      ],
    ],
    'rule 10: vanished names are removed': [
      ['LDS a@1'],
      [
        change('LDS', { subscribe: ['*'], initialVersions: versions('LDS a@1', 'LDS gone@1') }),
        ['acknowledged LDS a@1', 'send LDS -gone'],
      ],
    ],
    'rule 10: under the wildcard nothing is sent if nothing differs, and what is new otherwise': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS', { initialVersions: versions('CDS a@1') }), ['acknowledged CDS a@1', 'send CDS b@1']],
      [ack('CDS'), ['acknowledged CDS b@1']],
      [change('CDS'), []],
    ],
    'rule 10: versions of names that it no longer asks for are nothing to it': [
      ['RDS a@1'],
      [change('RDS', { subscribe: ['a'], initialVersions: versions('RDS a@1', 'RDS b@1') }), ['acknowledged RDS a@1']],
    ],
    'rule 12: vanished clusters stay until the client has had time to ask for its routes, and these have changed': [
      ['CDS a@1', 'RDS r@a'],
      [
        change('CDS', { subscribe: ['*'], initialVersions: versions('CDS a@1', 'CDS old@1') }),
        ['acknowledged CDS a@1'],
      ],
      [change('RDS', { subscribe: ['r'], initialVersions: versions('RDS r@old') }), ['send RDS r@a']],
      [introduced, []],
      [ack('RDS'), ['acknowledged RDS r@a', 'send CDS -old']],
    ],
    'rule 12: changed routes wait for the clusters that the client missed': [
      ['CDS new@1', 'RDS r@new'],
      [change('CDS', { subscribe: ['*'], initialVersions: versions('CDS old@1') }), ['send CDS new@1']],
      [change('RDS', { subscribe: ['r'], initialVersions: versions('RDS r@old') }), []],
      [ack('CDS'), ['acknowledged CDS new@1', 'send RDS r@new']],
    ],
    'rule 11: endpoints of a changed cluster are sent though the client comes back with their version': [
      ['CDS a@2', 'CDS b@1', 'EDS a@1', 'EDS b@1'],
      [
        change('CDS', { subscribe: ['*'], initialVersions: versions('CDS a@1', 'CDS b@1') }),
        ['acknowledged CDS b@1', 'send CDS a@2'],
      ],
      [
        change('EDS', { subscribe: ['a', 'b'], initialVersions: versions('EDS a@1', 'EDS b@1') }),
        ['acknowledged EDS a@1 b@1', 'send EDS a@1'],
      ],
    ],
    'rule 11: endpoints are sent again to a client that comes for them before it comes for clusters: one may be waiting':
      [
        ['CDS a@1', 'EDS a@1'],
        [
          change('EDS', { subscribe: ['a'], initialVersions: versions('EDS a@1') }),
          ['acknowledged EDS a@1', 'send EDS a@1'],
        ],
      ],
    'rule 12: changed routes wait for a client that comes for endpoints and not yet for clusters to have had the time to':
      [
        ['CDS a@1', 'EDS a@1', 'RDS r@2'],
        [
          change('EDS', { subscribe: ['a'], initialVersions: versions('EDS a@1') }),
          ['acknowledged EDS a@1', 'send EDS a@1'],
        ],
        [change('RDS', { subscribe: ['r'], initialVersions: versions('RDS r@1') }), []],
        [ack('EDS'), ['acknowledged EDS a@1']],
        [introduced, ['send RDS r@2']],
      ],
    'rule 1: a nonce of an earlier stream means nothing, nor does an error that goes with it': [
      ['CDS a@1'],
      [change('CDS', { nonce: 'older.7', error: { code: 3, message: 'no good' } }), ['send CDS a@1']],
    ],
  });
});

describe('answers and changes, in delta', () => {
  deltaTable({
    'rule 2: a refused resource is not sent again until it changes': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [nack('EDS'), ['refused EDS a@1']],
      [world('CDS b@1'), []],
      [world('EDS a@2'), ['send EDS a@2']],
    ],
    'rule 2: a refused resource is sent again to a client that asks for it anew': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [nack('EDS'), ['refused EDS a@1']],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
    ],
    'rule 2: a refused change that is taken back needs nothing sent': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
      [nack('EDS'), ['refused EDS a@2']],
      [world('EDS a@1'), []],
    ],
    'rule 2: refusals of one type leave the others flowing': [
      ['EDS a@1', 'LDS l@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [change('LDS'), ['send LDS l@1']],
      [introduced, []],
      [nack('EDS'), ['refused EDS a@1']],
      [ack('LDS'), ['acknowledged LDS l@1']],
      [world('LDS l@2'), ['send LDS l@2']],
    ],
    'rule 2: a refused response of several is sent again in halves, until the bad one stands alone': [
      ['CDS a@1', 'CDS bad@1', 'CDS c@1', 'CDS d@1'],
      [change('CDS'), ['send CDS a@1 bad@1 c@1 d@1']],
      [nack('CDS'), ['refused CDS a@1 bad@1 c@1 d@1, again', 'send CDS a@1 bad@1']],
      [nack('CDS'), ['refused CDS a@1 bad@1, again', 'send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1', 'send CDS bad@1']],
      [nack('CDS'), ['refused CDS bad@1', 'send CDS c@1 d@1']],
      [ack('CDS'), ['acknowledged CDS c@1 d@1']],
      [world('CDS a@2'), ['send CDS a@2']],
      [ack('CDS'), ['acknowledged CDS a@2']],
      [world('CDS bad@2'), ['send CDS bad@2']],
    ],
    'rule 2: what changes while its response is tried out in halves goes its own way, at its latest state': [
      ['CDS a@1', 'CDS b@1', 'CDS c@1', 'CDS d@1'],
      [change('CDS'), ['send CDS a@1 b@1 c@1 d@1']],
      [nack('CDS'), ['refused CDS a@1 b@1 c@1 d@1, again', 'send CDS a@1 b@1']],
      [world('CDS c@2', 'CDS a@2'), []],
      [ack('CDS'), ['acknowledged CDS a@1 b@1', 'send CDS d@1']],
      [ack('CDS'), ['acknowledged CDS d@1', 'send CDS a@2 c@2']],
      [ack('CDS'), ['acknowledged CDS a@2 c@2']],
    ],
    'rule 2: a question is answered at once while a refused response is tried out in halves': [
      ['EDS a@1', 'EDS b@1', 'EDS c@1'],
      [change('EDS', { subscribe: ['a', 'b'] }), ['send EDS a@1 b@1']],
      [nack('EDS'), ['refused EDS a@1 b@1, again', 'send EDS a@1']],
      [change('EDS', { subscribe: ['c'] }), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS b@1 c@1']],
    ],
    'rule 2: a name given up while its response is tried out in halves is let go': [
      ['EDS a@1', 'EDS b@1', 'EDS c@1'],
      [change('EDS', { subscribe: ['a', 'b', 'c'] }), ['send EDS a@1 b@1 c@1']],
      [nack('EDS'), ['refused EDS a@1 b@1 c@1, again', 'send EDS a@1 b@1']],
      [ack('EDS', { unsubscribe: ['c'] }), ['acknowledged EDS a@1 b@1']],
      [world('EDS c@2'), []],
    ],
    'rule 4: an error with an old nonce refuses nothing': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
      [stale('EDS', { error: { code: 3, message: 'late' } }), []],
      [ack('EDS'), ['acknowledged EDS a@2']],
    ],
    'rule 4: with an old nonce, what changes in the subscription still counts': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
      [stale('EDS', { subscribe: ['b'], unsubscribe: ['a'] }), []],
      [ack('EDS'), ['acknowledged EDS a@2', 'send EDS b@1']],
      [world('EDS a@3'), []],
    ],
    'rule 4: a nonce of another type answers nothing, and the subscription in it counts': [
      ['CDS a@1', 'EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [change('CDS'), ['send CDS a@1']],
      [(script) => change('EDS', { nonce: script.nonces.get('CDS')![0]!, subscribe: ['b'] })(script), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS a@1 b@1']],
    ],
    'rule 3: one response of a type is unanswered at most, then comes the latest state': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [world('EDS a@2'), []],
      [world('EDS a@3'), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS a@3']],
      [ack('EDS'), ['acknowledged EDS a@3']],
    ],
    'rule 3: what changes and changes back while a response is in flight is not sent': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [world('EDS a@2'), []],
      [world('EDS a@1'), []],
      [ack('EDS'), ['acknowledged EDS a@1']],
    ],
    'a resource that is made and removed while a response is in flight is never heard of': [
      ['LDS a@1'],
      [change('LDS'), ['send LDS a@1']],
      [world('LDS b@1'), []],
      [world('-LDS b'), []],
      [ack('LDS'), ['acknowledged LDS a@1']],
    ],
    'a removal is sent, and after it a resource of the same name and version': [
      ['LDS a@1'],
      [change('LDS'), ['send LDS a@1']],
      [ack('LDS'), ['acknowledged LDS a@1']],
      [world('-LDS a'), ['send LDS -a']],
      [ack('LDS'), ['acknowledged LDS -a']],
      [world('LDS a@1'), ['send LDS a@1']],
    ],
    'what a client gives up while it is in flight is not taken for held': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [change('EDS', { unsubscribe: ['a'] }), []],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
    ],
  });
});
