import { describe, expect, test } from 'vitest';
import { clientPolicy } from '../../src/client-policy.ts';
import { loadSettings } from '../../src/settings/index.ts';
import type { Identity, Node } from '../../src/xds/index.ts';

/** Rules as a user writes them. */
function policyOf(...rules: readonly string[]) {
  const given = [{ field: 'xdsClient', text: rules.join(','), place: 'here' }] as const;
  return clientPolicy(loadSettings({ given, problems: [] }, {}).xdsClient)!;
}

const uri = (name: string): Identity => ({ kind: 'uri', name });
const dns = (name: string): Identity => ({ kind: 'dns', name });
const node = (id: string, namespace?: unknown): Node => ({
  id,
  cluster: '',
  metadata: namespace === undefined ? {} : { 'shunt.dev/namespace': namespace as string },
  userAgent: '',
  clientFeatures: [],
});

test('without rules nobody is asked who they are', () => {
  expect(clientPolicy([])).toBeUndefined();
});

describe('an identity', () => {
  test.each([
    ['spiffe://example.com/ns/shop/sa/gateway', uri('spiffe://example.com/ns/shop/sa/gateway')],
    ['spiffe://example.com/ns/shop/*', uri('spiffe://example.com/ns/shop/sa/gateway')],
    ['spiffe://example.com/*', uri('spiffe://example.com/')],
    ['gateway.example.com', dns('gateway.example.com')],
    ['Gateway.Example.com', dns('gateway.example.com')],
    ['gateway-*', dns('gateway-1.example.com')],
    ['*.example.com', dns('gateway-1.example.com')],
    ['*.example.com', dns('a.b.example.com')],
  ])('by the rule %s admits %o', (rule, identity) => {
    expect(policyOf(rule).refuseConnection([identity])).toBeUndefined();
  });

  test.each([
    ['spiffe://example.com/ns/shop/sa/gateway', uri('spiffe://example.com/ns/shop/sa/gateway2')],
    ['spiffe://example.com/ns/shop/sa/gateway', uri('spiffe://example.com/ns/shop/sa/Gateway')],
    ['spiffe://example.com/ns/shop/*', uri('spiffe://example.com/ns/shopping/sa/gateway')],
    ['spiffe://example.com/*', uri('spiffe://example.com.evil.org/x')],
    ['gateway.example.com', dns('gateway.example.com.evil.org')],
    ['gateway.example.com', uri('gateway.example.com')],
    ['*.example.com', dns('example.com')],
    ['*.example.com', dns('.example.com')],
    ['*.example.com', dns('gatewayexample.com')],
    ['*.example.com', dns('a.example.com.evil.org')],
  ])('by the rule %s does not admit %o', (rule, identity) => {
    expect(policyOf(rule).refuseConnection([identity])).toBe(`No rule of xds-client admits ${identity.name}.`);
  });

  test('is any of those of a certificate, and any rule admits it', () => {
    const policy = policyOf('a.example.com', 'b.example.com');
    expect(policy.refuseConnection([dns('x'), dns('b.example.com')])).toBeUndefined();
    expect(policy.refuseConnection([dns('x'), uri('y:z')])).toBe('No rule of xds-client admits x, y:z.');
  });

  test('is not what a certificate without names has', () => {
    expect(policyOf('*.example.com').refuseConnection([])).toBe(
      'The client certificate names neither a DNS name nor a URI, by which xds-client could admit it.',
    );
  });
});

describe('a claim', () => {
  const gateway = [dns('gateway')];

  test('of any node id and namespace, or none, is permitted where the rule names none', () => {
    const policy = policyOf('gateway');
    expect(policy.refuseClaim(gateway, node('a', 'shop'))).toBeUndefined();
    expect(policy.refuseClaim(gateway, node(''))).toBeUndefined();
  });

  test('of a node id has to be one that the rule names', () => {
    const policy = policyOf('gateway node=edge-* node=main');
    expect(policy.refuseClaim(gateway, node('edge-1'))).toBeUndefined();
    expect(policy.refuseClaim(gateway, node('main'))).toBeUndefined();
    expect(policy.refuseClaim(gateway, node('main-2'))).toBe(
      'gateway may not have the node id "main-2"; xds-client permits edge-*, main.',
    );
  });

  test('of a namespace has to be one that the rule names', () => {
    const policy = policyOf('gateway namespace=shop namespace=team-*');
    expect(policy.refuseClaim(gateway, node('a', 'shop'))).toBeUndefined();
    expect(policy.refuseClaim(gateway, node('a', 'team-web'))).toBeUndefined();
    expect(policy.refuseClaim(gateway, node('a', 'shopping'))).toBe(
      'gateway may not stand in the namespace "shopping"; xds-client permits shop, team-*.',
    );
  });

  test.each([undefined, '', null, 7, ['shop'], { shop: 'shop' }])(
    'of no namespace, but %o, is not one where the rule names some',
    (namespace) => {
      expect(policyOf('gateway namespace=shop').refuseClaim(gateway, node('a', namespace))).toBe(
        'gateway must say in which namespace it stands (shunt.dev/namespace); xds-client permits shop.',
      );
    },
  );

  test('takes node id and namespace from one rule, not from two', () => {
    const policy = policyOf('gateway node=a namespace=shop', 'gateway node=b namespace=prod');
    expect(policy.refuseClaim(gateway, node('a', 'shop'))).toBeUndefined();
    expect(policy.refuseClaim(gateway, node('b', 'prod'))).toBeUndefined();
    expect(policy.refuseClaim(gateway, node('a', 'prod'))).toBe(
      'gateway may not stand in the namespace "prod"; xds-client permits shop.',
    );
  });

  test('is not permitted by the rules of another identity', () => {
    const policy = policyOf('gateway namespace=shop', 'other namespace=prod');
    expect(policy.refuseClaim(gateway, node('a', 'prod'))).toMatch(/xds-client permits shop\.$/);
  });

  test('of any length makes a sentence of a bounded one', () => {
    const why = policyOf('gateway node=a').refuseClaim(gateway, node('x'.repeat(1_000_000)));
    expect(why!.length).toBeLessThan(250);
  });
});
