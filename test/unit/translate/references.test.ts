import { describe, expect, it } from 'vitest';
import type { MessageTypes } from '../../../src/protos/index.ts';
import { referencesOf } from '../../../src/translate/references.ts';

type RouteConfiguration = MessageTypes['envoy.config.route.v3.RouteConfiguration'];

const match = { prefix: '/' };
const routes: RouteConfiguration = {
  name: 'gateway',
  request_mirror_policies: [{ cluster: 'copy-of-all' }],
  virtual_hosts: [
    {
      name: 'api',
      domains: ['api'],
      request_mirror_policies: [{ cluster: 'copy-of-host' }],
      routes: [
        { match, route: { cluster: 'api', request_mirror_policies: [{ cluster: 'copy-of-route' }] } },
        { match, route: { cluster: 'api' } },
        { match, direct_response: { status: 404 } },
      ],
    },
    { name: 'web', domains: ['web'], routes: [{ match, route: { cluster: 'web' } }] },
  ],
};

/** The values of all fields of this name, at whatever depth. */
function valuesOf(field: string, message: unknown): readonly unknown[] {
  if (typeof message !== 'object' || message === null) return [];
  return Object.entries(message).flatMap(([key, value]) => (key === field ? [value] : valuesOf(field, value)));
}

describe('what routes refer to', () => {
  it('is every cluster that they send requests or copies to, wherever they say so', () => {
    expect([...referencesOf(routes)].sort()).toEqual([...new Set(valuesOf('cluster', routes))].sort());
    expect(referencesOf(routes).size).toBe(5);
  });

  it('is nothing where there are none', () => {
    expect(referencesOf({ name: 'gateway' })).toEqual(new Set());
  });
});
