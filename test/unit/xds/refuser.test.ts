import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typeUrls } from '../../../src/protos/index.ts';
import { ResourceStore } from '../../../src/resources/index.ts';
import type { Action, DeltaRequest, Respond, SotwRequest } from '../../../src/xds/protocol.ts';
import { deltaStream, type Stream, sotwStream } from '../../../src/xds/stream.ts';
import { makeResource } from '../../support/resources.ts';

const { cluster, loadAssignment, listener, routeConfiguration } = typeUrls;
const TYPES = [cluster, loadAssignment, listener, routeConfiguration] as const;
const NAMES = ['a', 'b', 'c', 'd'] as const;
/** Four names in halves and by themselves, endpoints once more as they were and empty: of each type, at each step. */
const MOST_RESPONSES = 60;

const type = fc.constantFrom(...TYPES);
const name = fc.constantFrom(...NAMES);
const event = fc.oneof(
  fc.record({ what: fc.constant('set' as const), type, name, content: fc.constantFrom('1', '2', '3'), to: name }),
  fc.record({ what: fc.constant('remove' as const), type, name }),
  fc.record({ what: fc.constant('ask' as const), type, version: fc.constantFrom('', 'another') }),
  fc.record({ what: fc.constant('introduced' as const) }),
  fc.record({ what: fc.constant('answer' as const) }),
);

describe.each(['sotw', 'delta'] as const)('a client that refuses whatever it likes, in %s', (variant) => {
  it('is sent so many responses to each change and no more', () => {
    const events = fc.array(event, { maxLength: 40 });
    // Every nth response is accepted.
    const accepts = fc.constantFrom(2, 3, Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(events, accepts, (events, accepts) => {
        const store = new ResourceStore();
        store.apply({ set: [], remove: [] });
        const options = { id: 's', view: store.view() };
        const stream = (variant === 'sotw' ? sotwStream(options) : deltaStream(options)) as Stream<
          SotwRequest & DeltaRequest
        >;
        const asked = new Set<string>();
        const unanswered: Respond[] = [];
        let responses = 0;
        const take = (actions: readonly Action[]) => {
          for (const action of actions) if (action.type === 'respond') unanswered.push(action);
        };
        const answerAll = () => {
          for (let count = 0; unanswered.length > 0; count++) {
            expect(count, 'responses without end').toBeLessThan(MOST_RESPONSES);
            const { typeUrl, nonce } = unanswered.shift()!;
            responses += 1;
            const error = responses % accepts === 0 ? undefined : { code: 3, message: 'no' };
            take(stream.request({ ...request(typeUrl, ''), nonce, error, subscribe: [] }));
          }
        };
        for (const each of [...events, { what: 'answer' } as const]) {
          if (each.what === 'set') {
            const follower = each.type === cluster ? { typeUrl: loadAssignment, name: each.name } : undefined;
            const references = each.type === routeConfiguration ? [each.to] : undefined;
            const set = [makeResource(each.type, each.name, each.content, { follower, references })];
            take(stream.worldChanged(store.apply({ set, remove: [] }).of()));
          } else if (each.what === 'remove') {
            const remove = [{ typeUrl: each.type, name: each.name }];
            take(stream.worldChanged(store.apply({ set: [], remove }).of()));
          } else if (each.what === 'ask' && !asked.has(each.type)) {
            asked.add(each.type);
            take(stream.request(request(each.type, each.version)));
          } else if (each.what === 'introduced') {
            take(stream.introduced().actions);
          } else if (each.what === 'answer') {
            answerAll();
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

function request(typeUrl: string, version: string): SotwRequest & DeltaRequest {
  const isWildcard = typeUrl === cluster || typeUrl === listener;
  return {
    ...{ typeUrl, version, nonce: '', names: isWildcard ? [] : NAMES, unsubscribe: [] },
    subscribe: isWildcard ? ['*'] : NAMES,
    initialVersions: new Map(version === '' ? [] : [['a', 'another']]),
  };
}
