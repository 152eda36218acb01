import { describe } from 'vitest';
import { Digest } from '../../../src/resources/index.ts';
import {
  ack,
  ask,
  change,
  deltaTable,
  introduced,
  nack,
  REFUSAL,
  resource,
  sotwTable,
  stale,
  world,
} from './script.ts';

/** What docs/xds-protocol.md asks for beyond the tests of each state machine. */

const versions = (...texts: string[]) =>
  new Map(texts.map((text) => [resource(text).name, resource(text).version] as const));
const stateOf = (...texts: string[]) => Digest.of(texts.map(resource)).toString();

describe('rules of subscription, in state of the world', () => {
  sotwTable({
    'a client that leaves the wildcard and comes back is sent everything, at its present state': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', ['*']), ['send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [ask('CDS', ['a']), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [world('CDS b@2'), []],
      [ask('CDS', ['*']), ['send CDS a@1 b@2']],
    ],
    'a client that leaves everything and comes back by name is sent what it names': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', []), ['send CDS a@1 b@1']],
      [ack('CDS', { names: ['a'] }), ['acknowledged CDS a@1 b@1', 'send CDS a@1']],
      [ack('CDS', { names: [] }), ['acknowledged CDS a@1']],
      [world('CDS a@2', 'CDS b@2'), []],
      [ask('CDS', ['b']), ['send CDS b@2']],
    ],
    'a client that comes back after giving up everything still knows no wildcard but `*`': [
      ['LDS l@1'],
      [ask('LDS', ['l']), ['send LDS l@1']],
      [ack('LDS', { names: [] }), ['acknowledged LDS l@1']],
      [ask('LDS', []), []],
      [ask('LDS', ['*']), ['send LDS l@1']],
    ],
    'a client that gives up one of several names is sent the others, and nothing at once': [
      ['EDS a@1', 'EDS b@1', 'EDS c@1'],
      [ask('EDS', ['a', 'b', 'c']), ['send EDS a@1 b@1 c@1']],
      [ack('EDS', { names: ['a', 'c'] }), ['acknowledged EDS a@1 b@1 c@1']],
      [world('EDS a@2', 'EDS b@2'), ['send EDS a@2']],
    ],
    'a client that gives up all names is sent nothing more of the type, and of others as before': [
      ['EDS a@1', 'RDS r@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ask('RDS', ['r']), ['send RDS r@1']],
      [introduced, []],
      [ack('EDS', { names: [] }), ['acknowledged EDS a@1']],
      [ack('RDS'), ['acknowledged RDS r@1']],
      [world('EDS a@2'), []],
      [world('RDS r@2'), ['send RDS r@2']],
    ],
    'a name that stands twice in a request is one name': [
      ['EDS a@1'],
      [ask('EDS', ['a', 'a']), ['send EDS a@1']],
      [ack('EDS', { names: ['a'] }), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
    ],
    'scoped routes know the wildcard like listeners do': [
      ['SRDS s@1', 'SRDS t@1'],
      [ask('SRDS', []), ['send SRDS s@1 t@1']],
      [ack('SRDS', { names: ['s'] }), ['acknowledged SRDS s@1 t@1', 'send SRDS s@1']],
      [ack('SRDS'), ['acknowledged SRDS s@1']],
      [world('SRDS t@2'), []],
    ],
    'names asked for one after the other go out in one response once the client answers': [
      ['EDS a@1', 'EDS b@1', 'EDS c@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ask('EDS', ['a', 'b']), []],
      [ask('EDS', ['a', 'b', 'c']), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS b@1 c@1']],
    ],
    'an update is not sent to a client that has it: not again after the ACK, nor after other types change': [
      ['CDS a@1', 'LDS l@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [ask('LDS', []), ['send LDS l@1']],
      [ack('LDS'), ['acknowledged LDS l@1']],
      [ack('CDS'), []],
      [world('LDS l@2'), ['send LDS l@2']],
    ],
    'a client that names what it needs, from a listener down to endpoints, is answered step by step': [
      ['LDS l@1', 'LDS m@1', 'RDS r@1>a', 'CDS a@1', 'CDS b@1', 'EDS a@1'],
      [ask('LDS', ['l']), ['send LDS l@1']],
      [ask('RDS', ['r']), ['send RDS r@1>a']],
      [ask('CDS', ['a']), ['send CDS a@1']],
      [ask('EDS', ['a']), ['send EDS a@1']],
    ],
    'a type without rules of its own is served by name and sent as it changes': [
      ['UNKNOWN x@1', 'UNKNOWN y@1'],
      [ask('UNKNOWN', []), []],
      [ask('UNKNOWN', ['x']), ['send UNKNOWN x@1']],
      [ack('UNKNOWN'), ['acknowledged UNKNOWN x@1']],
      [world('UNKNOWN x@2', 'UNKNOWN y@2'), ['send UNKNOWN x@2']],
    ],
  });
});

describe('rules of subscription, in delta', () => {
  deltaTable({
    'a client that leaves the wildcard keeps its names, and is sent what it missed when it comes back': [
      ['CDS a@1', 'CDS b@1'],
      [change('CDS', { subscribe: ['*', 'a'] }), ['send CDS a@1 b@1']],
      [ack('CDS'), ['acknowledged CDS a@1 b@1']],
      [change('CDS', { unsubscribe: ['*'] }), []],
      [world('CDS b@2'), []],
      [change('CDS', { subscribe: ['*'] }), ['send CDS b@2']],
      [ack('CDS'), ['acknowledged CDS b@2']],
      [world('CDS a@2'), ['send CDS a@2']],
    ],
    'the page’s example: nothing, then a name beside the wildcard, then the wildcard gone, then the name': [
      ['CDS A@1', 'CDS b@1'],
      [change('CDS'), ['send CDS A@1 b@1']],
      [ack('CDS', { subscribe: ['A'] }), ['acknowledged CDS A@1 b@1', 'send CDS A@1']],
      [ack('CDS', { unsubscribe: ['*'] }), ['acknowledged CDS A@1']],
      [change('CDS', { unsubscribe: ['A'] }), []],
      [change('CDS'), []],
      [world('CDS A@2', 'CDS b@2'), []],
    ],
    'a first request that only gives up names is no wildcard': [
      ['CDS a@1'],
      [change('CDS', { unsubscribe: ['a'] }), []],
      [world('CDS a@2'), []],
    ],
    'a name never asked for is given up in vain, beside the wildcard too': [
      ['CDS a@1'],
      [change('CDS'), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [change('CDS', { unsubscribe: ['a', 'ghost'] }), []],
      [world('CDS a@2'), ['send CDS a@2']],
    ],
    'a client that gives up one of several names is sent the others': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a', 'b'] }), ['send EDS a@1 b@1']],
      [ack('EDS', { unsubscribe: ['b'] }), ['acknowledged EDS a@1 b@1']],
      [world('EDS a@2', 'EDS b@2'), ['send EDS a@2']],
    ],
    'a client that gives up all names is sent nothing more of the type': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a', 'b'] }), ['send EDS a@1 b@1']],
      [ack('EDS', { unsubscribe: ['a', 'b'] }), ['acknowledged EDS a@1 b@1']],
      [world('EDS a@2', '-EDS b'), []],
    ],
    'names that stand twice in a request are one name, to begin with and to end': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a', 'a', 'b'] }), ['send EDS a@1 b@1']],
      [ack('EDS', { unsubscribe: ['b', 'b'] }), ['acknowledged EDS a@1 b@1']],
      [world('EDS a@2', 'EDS b@2'), ['send EDS a@2']],
    ],
    'a subscription changes in an ACK, in a NACK and by itself': [
      ['EDS a@1', 'EDS b@1', 'EDS c@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS', { subscribe: ['b'] }), ['acknowledged EDS a@1', 'send EDS b@1']],
      [ack('EDS', { error: REFUSAL, subscribe: ['c'], unsubscribe: ['a'] }), ['refused EDS b@1', 'send EDS c@1']],
      [ack('EDS'), ['acknowledged EDS c@1']],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
    ],
    'versions that a client states later than in its first request of a type are not looked at': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [
        ack('EDS', { subscribe: ['b'], initialVersions: versions('EDS b@1', 'EDS gone@1') }),
        ['acknowledged EDS a@1', 'send EDS b@1'],
      ],
    ],
    'a client states the versions of each type in its first request of that type': [
      ['CDS a@1', 'LDS l@1'],
      [change('CDS', { initialVersions: versions('CDS a@1') }), ['acknowledged CDS a@1']],
      [change('LDS', { initialVersions: versions('LDS l@1') }), ['acknowledged LDS l@1']],
      [world('CDS a@2'), ['send CDS a@2']],
    ],
    'a client that states versions and takes a part of the wildcard only is sent nothing of the rest': [
      ['CDS a@1', 'CDS b@1'],
      [
        change('CDS', { subscribe: ['a'], initialVersions: versions('CDS a@1', 'CDS b@1', 'CDS gone@1') }),
        ['acknowledged CDS a@1'],
      ],
      [introduced, []],
      [world('CDS b@2'), []],
    ],
    'a resource that goes is said to be removed, and the others are not sent again': [
      ['LDS a@1', 'LDS b@1'],
      [change('LDS'), ['send LDS a@1 b@1']],
      [ack('LDS'), ['acknowledged LDS a@1 b@1']],
      [world('-LDS b'), ['send LDS -b']],
      [ack('LDS'), ['acknowledged LDS -b']],
      [world('LDS a@2'), ['send LDS a@2']],
    ],
    'a client that names what it needs, from a listener down to endpoints, is answered step by step': [
      ['LDS l@1', 'LDS m@1', 'RDS r@1>a', 'CDS a@1', 'CDS b@1', 'EDS a@1'],
      [change('LDS', { subscribe: ['l'] }), ['send LDS l@1']],
      [change('RDS', { subscribe: ['r'] }), ['send RDS r@1>a']],
      [change('CDS', { subscribe: ['a'] }), ['send CDS a@1']],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
    ],
    'a client that takes everything and asks for more when it needs it is sent that': [
      ['CDS a@1'],
      [change('CDS', { subscribe: ['*'] }), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [change('CDS', { subscribe: ['on-demand'] }), ['send CDS -on-demand']],
      [ack('CDS'), ['acknowledged CDS -on-demand']],
      [world('CDS on-demand@1'), ['send CDS on-demand@1']],
    ],
    'a type without rules of its own is served by name and sent as it changes': [
      ['UNKNOWN x@1'],
      [change('UNKNOWN', { subscribe: ['x'] }), ['send UNKNOWN x@1']],
      [ack('UNKNOWN'), ['acknowledged UNKNOWN x@1']],
      [world('-UNKNOWN x'), ['send UNKNOWN -x']],
    ],
  });
});

describe('rules of answers', () => {
  sotwTable({
    'state of the world: an error is a NACK even beside the version that was sent': [
      ['EDS a@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS', { version: stateOf('EDS a@1'), error: REFUSAL }), ['refused EDS a@1']],
    ],
    'state of the world: an old version without an error is an ACK': [
      ['EDS a@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS', { version: 'an older one' }), ['acknowledged EDS a@1']],
    ],
    'state of the world: a NACK is followed by the fix, and that by an ACK': [
      ['CDS a@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [nack('CDS'), ['refused CDS a@1']],
      [world('CDS a@2'), ['send CDS a@2']],
      [ack('CDS'), ['acknowledged CDS a@2']],
      [world('CDS b@1'), ['send CDS a@2 b@1']],
    ],
    'state of the world: a fix that comes before the NACK is sent right after it': [
      ['CDS a@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [world('CDS a@2'), []],
      [nack('CDS'), ['refused CDS a@1', 'send CDS a@2']],
    ],
    'state of the world: a NACK that names more is a NACK, and what it names is answered': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ack('EDS', { error: REFUSAL, names: ['a', 'b'] }), ['refused EDS a@1', 'send EDS b@1']],
    ],
    'state of the world: a NACK on one type leaves the others flowing, and their ACKs are their own': [
      ['CDS a@1', 'LDS l@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [ask('LDS', []), ['send LDS l@1']],
      [nack('LDS'), ['refused LDS l@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [world('CDS a@2'), ['send CDS a@2']],
      [ack('CDS'), ['acknowledged CDS a@2']],
    ],
    'state of the world: a nonce of another stream, once this one is under way, is a stale one': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a']), ['send EDS a@1']],
      [ask('EDS', ['a', 'b'], { nonce: 'another.1' }), []],
      [ask('EDS', ['a', 'b'], { nonce: 'another.1', error: REFUSAL }), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS b@1']],
    ],
    'state of the world: several changes while a response is unanswered make one response, of the latest': [
      ['CDS a@1'],
      [ask('CDS', []), ['send CDS a@1']],
      [world('CDS a@2', 'CDS b@1'), []],
      [world('CDS a@3', 'CDS c@1'), []],
      [world('CDS b@2'), []],
      [ack('CDS'), ['acknowledged CDS a@1', 'send CDS a@3 b@2 c@1']],
      [ack('CDS'), ['acknowledged CDS a@3 b@2 c@1']],
    ],
    'state of the world: a client that never answers one type is served the others': [
      ['CDS a@1', 'LDS l@1'],
      [ask('LDS', []), ['send LDS l@1']],
      [ask('CDS', []), ['send CDS a@1']],
      [ack('CDS'), ['acknowledged CDS a@1']],
      [world('LDS l@2', 'CDS a@2'), ['send CDS a@2']],
    ],
  });
  deltaTable({
    'delta: a NACK is followed by the fix, and that by an ACK': [
      ['CDS a@1'],
      [change('CDS'), ['send CDS a@1']],
      [nack('CDS'), ['refused CDS a@1']],
      [world('CDS a@2'), ['send CDS a@2']],
      [ack('CDS'), ['acknowledged CDS a@2']],
    ],
    'delta: a nonce of another stream, once this one is under way, answers nothing, and its names count': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [change('EDS', { nonce: 'another.1', error: REFUSAL, subscribe: ['b'] }), []],
      [ack('EDS'), ['acknowledged EDS a@1', 'send EDS b@1']],
    ],
    'delta: an old nonce is no reason to leave a new name unanswered when nothing is in flight': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('EDS a@2'), ['send EDS a@2']],
      [ack('EDS'), ['acknowledged EDS a@2']],
      [stale('EDS', { subscribe: ['b'] }), ['send EDS b@1']],
    ],
    'delta: a client that never answers one type is served the others': [
      ['EDS a@1', 'LDS l@1'],
      [change('LDS'), ['send LDS l@1']],
      [change('EDS', { subscribe: ['a'] }), ['send EDS a@1']],
      [ack('EDS'), ['acknowledged EDS a@1']],
      [world('LDS l@2', 'EDS a@2'), ['send EDS a@2']],
    ],
  });
});

describe('rules of order', () => {
  deltaTable({
    'a listener goes out before the routes that change with it': [
      ['LDS l@1', 'RDS r@1'],
      [change('LDS'), ['send LDS l@1']],
      [ack('LDS'), ['acknowledged LDS l@1']],
      [change('RDS', { subscribe: ['r'] }), ['send RDS r@1']],
      [ack('RDS'), ['acknowledged RDS r@1']],
      [world('LDS l@2', 'RDS r@2'), ['send LDS l@2', 'send RDS r@2']],
    ],
    'virtual hosts go out after the routes that change with them': [
      ['RDS r@1', 'VHDS r/h@1'],
      [change('RDS', { subscribe: ['r'] }), ['send RDS r@1']],
      [ack('RDS'), ['acknowledged RDS r@1']],
      [change('VHDS', { subscribe: ['r/h'] }), ['send VHDS r/h@1']],
      [ack('VHDS'), ['acknowledged VHDS r/h@1']],
      [world('VHDS r/h@2', 'RDS r@2'), ['send RDS r@2', 'send VHDS r/h@2']],
    ],
    'virtual hosts are removed after the routes that took them': [
      ['RDS r@1', 'VHDS r/h@1'],
      [change('RDS', { subscribe: ['r'] }), ['send RDS r@1']],
      [ack('RDS'), ['acknowledged RDS r@1']],
      [change('VHDS', { subscribe: ['r/h'] }), ['send VHDS r/h@1']],
      [ack('VHDS'), ['acknowledged VHDS r/h@1']],
      [introduced, []],
      [world('-VHDS r/h', 'RDS r@2'), ['send RDS r@2']],
      [ack('RDS'), ['acknowledged RDS r@2', 'send VHDS -r/h']],
    ],
    'an Envoy with static listeners that asks for routes only is served these, and nothing waits for it': [
      ['CDS a@1', 'RDS r@1'],
      [change('RDS', { subscribe: ['r'] }), ['send RDS r@1']],
      [ack('RDS'), ['acknowledged RDS r@1']],
      [introduced, []],
      [world('CDS b@1', 'RDS r@2', '-CDS a'), ['send RDS r@2']],
    ],
  });
});
