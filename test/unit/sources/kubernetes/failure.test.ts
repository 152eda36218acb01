import { describe, expect, test } from 'vitest';
import { collectionsOf, requestPath } from '../../../../src/sources/kubernetes/collection.ts';
import { type Failure, refusal, unreachable } from '../../../../src/sources/kubernetes/failure.ts';

const FORBIDDEN = refusal(403, { reason: 'Forbidden', message: 'User "shunt" cannot list' });

describe('what is watched', () => {
  test('is three collections for each namespace, however often it is named', () => {
    expect(collectionsOf(['shop', 'blog', 'shop'])).toEqual([
      { kind: 'Service', namespace: 'shop' },
      { kind: 'EndpointSlice', namespace: 'shop' },
      { kind: 'Pod', namespace: 'shop' },
      { kind: 'Service', namespace: 'blog' },
      { kind: 'EndpointSlice', namespace: 'blog' },
      { kind: 'Pod', namespace: 'blog' },
    ]);
  });

  test('is the whole cluster if no namespace is named', () => {
    expect(collectionsOf([]).map((collection) => requestPath(collection, { limit: '1' }))).toEqual([
      '/api/v1/services?limit=1',
      '/apis/discovery.k8s.io/v1/endpointslices?labelSelector=kubernetes.io%2Fservice-name&limit=1',
      '/api/v1/pods?labelSelector=shunt.dev%2Fintercepts&limit=1',
    ]);
  });
});

describe('the sentence about a collection that cannot be read', () => {
  const SINCE = Date.UTC(2026, 0, 31, 12);
  const [services, slices] = collectionsOf(['shop']);
  const [, allSlices] = collectionsOf([]);

  test('names the verb, the resource, the namespace, since when and why', () => {
    const problem = unreachable(slices!, 'watch', FORBIDDEN, SINCE, true);
    expect(problem.object).toBe('watch endpointslices in namespace shop');
    expect(problem.message).toBe(
      'Cannot watch endpointslices in namespace shop since 2026-01-31T12:00:00.000Z: the API server answers 403 ' +
        '(Forbidden: User "shunt" cannot list). What was last known of them stays in force.',
    );
  });

  test('says that nothing is served as long as there is no last known state', () => {
    const reset: Failure = { kind: 'broken', reason: 'read ECONNRESET' };
    expect(unreachable(services!, 'list', reset, SINCE, false).message).toContain('Nothing is served until');
  });

  test('says what a right costs that is missing from the start', () => {
    const missing = unreachable(services!, 'list', FORBIDDEN, SINCE, false);
    expect(missing.code).toBe('right-missing');
    expect(missing.message).toMatch(/What an earlier run has saved .* nothing there is served\. All else goes on\.$/);
    expect(unreachable(slices!, 'list', FORBIDDEN, SINCE, false).message).toContain('have no endpoints');
  });

  test('names the rule that is missing, in a Role for a namespace and in a ClusterRole for all of them', () => {
    expect(unreachable(slices!, 'list', FORBIDDEN, SINCE, false).advice).toBe(
      'Bind a Role with the rule {apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], ' +
        'verbs: ["list", "watch"]} to Shunt\'s account in namespace shop.',
    );
    expect(unreachable(allSlices!, 'list', FORBIDDEN, SINCE, false).advice).toContain('Bind a ClusterRole');
  });

  test.each<[Failure, string]>([
    [{ kind: 'broken', reason: 'connect ECONNREFUSED 10.0.0.1:6443' }, 'ECONNREFUSED 10.0.0.1:6443'],
    [{ kind: 'silent', silenceMs: 60_000 }, 'sent nothing for 60 s'],
    [{ kind: 'brief' }, 'as soon as it has begun'],
    [{ kind: 'unreadable', excerpt: '<html>' }, '"<html>"'],
    [refusal(503, {}), 'answers 503.'],
    [refusal(502, null), 'answers 502.'],
  ])('gives the reason of %o', (failure, words) => {
    expect(unreachable(services!, 'list', failure, SINCE, true).message).toContain(words);
  });
});
