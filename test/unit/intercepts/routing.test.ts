import { describe, expect, it } from 'vitest';
import { labelledService, readLabels } from '../../../src/catalog/labels.ts';
import type { Baseline } from '../../../src/catalog/model.ts';
import { ambiguousNamespaces, routeNames } from '../../../src/intercepts/routing.ts';
import { formatProblem } from '../../../src/problems.ts';
import { baseline } from '../../support/records.ts';

const DOMAIN = 'preview.example.com';

function made(id: string, hosts?: string, createdAt?: number): Baseline {
  const annotations: Record<string, string> = hosts === undefined ? {} : { 'shunt.dev/hosts': hosts };
  return readLabels(labelledService(baseline(id, { annotations, createdAt })), DOMAIN).baseline!;
}

const namesOf = (id: string, all: Baseline[], namespace?: string) =>
  routeNames(all, DOMAIN, namespace).services.find((each) => each.baseline.id === id);

describe('names inside the cluster', () => {
  it('are those that Kubernetes gives a Service, and lead to its previews under the preview domain', () => {
    expect(namesOf('shop/api', [made('shop/api')])).toMatchObject({
      names: ['api', 'api.shop', 'api.shop.svc', 'api.shop.svc.cluster.local'],
      previewNames: [`*--api.${DOMAIN}`, `*--api--shop.${DOMAIN}`],
    });
  });

  it('that two namespaces share are known only to callers of those namespaces', () => {
    const all = [made('shop/api'), made('prod/api'), made('prod/db')];
    expect(namesOf('shop/api', all)?.names).not.toContain('api');
    expect(namesOf('prod/api', all)?.names).not.toContain('api');
    expect(namesOf('shop/api', all, 'shop')?.names).toContain('api');
    expect(namesOf('prod/api', all, 'shop')?.names).not.toContain('api');
    expect(namesOf('prod/db', all, 'shop')?.names).toContain('db');
    expect(ambiguousNamespaces(all)).toEqual(['prod', 'shop']);
    expect(ambiguousNamespaces([made('shop/api'), made('prod/db')])).toEqual([]);
  });
});

describe('two namespaces with a baseline of one name', () => {
  const all = [made('shop/api', undefined, 1000), made('prod/api', undefined, 2000), made('web/thief', 'api')];

  it("share its previews' short hosts by age, but for callers in the younger one", () => {
    expect(namesOf('shop/api', all)?.previewNames).toContain(`*--api.${DOMAIN}`);
    expect(namesOf('prod/api', all)?.previewNames).toEqual([`*--api--prod.${DOMAIN}`]);
    expect(namesOf('prod/api', all, 'prod')?.previewNames).toContain(`*--api.${DOMAIN}`);
    expect(namesOf('shop/api', all, 'prod')?.previewNames).toEqual([`*--api--shop.${DOMAIN}`]);
  });

  it('lose the short name to nobody else', () => {
    expect(routeNames(all, DOMAIN).hosts).toEqual([]);
  });

  it('are told so, both of them', () => {
    const told = routeNames(all, DOMAIN).problems.filter(({ code }) => code === 'name-shared');
    expect(told.map(formatProblem)).toEqual([
      'Service shop/api: Service prod/api has the same name, so "api" is known only to Envoys that say in which of the ' +
        'namespaces they stand, and the hosts *--api.preview.example.com stay its own. Call it api.shop and its previews ' +
        'KEY--api--shop.preview.example.com, or give Envoys the setting gateway-namespace.',
      'Service prod/api: Service shop/api has the same name, so "api" is known only to Envoys that say in which of the ' +
        'namespaces they stand, and the hosts *--api.preview.example.com belong to Service shop/api. Call it api.prod and ' +
        'its previews KEY--api--prod.preview.example.com, or give Envoys the setting gateway-namespace.',
    ]);
  });
});

describe('names outside the cluster', () => {
  it('may be shared by path, and the longest path comes first', () => {
    const all = [
      made('shop/web', 'shop.example.com'),
      made('shop/api', 'shop.example.com/api,shop.example.com/api/v2'),
    ];
    const [host] = routeNames(all, DOMAIN).hosts;
    expect(host?.routes.map(({ pathPrefix, baseline: { id } }) => [pathPrefix, id])).toEqual([
      ['/api/v2', 'shop/api'],
      ['/api', 'shop/api'],
      ['/', 'shop/web'],
    ]);
  });

  it('go to the older of two Services that want the same, and both owners are told', () => {
    const all = [made('a/young', 'x.example.com', 2000), made('b/old', 'x.example.com', 1000)];
    const { hosts, problems } = routeNames(all, DOMAIN);
    expect(hosts[0]?.routes.map((route) => route.baseline.id)).toEqual(['b/old']);
    expect(problems.map(formatProblem)).toEqual([
      'Service a/young: the host "x.example.com" belongs to Service b/old already, so its requests go there. ' +
        'Take it out of the annotation shunt.dev/hosts of Service a/young, or give it another path.',
      'Service b/old: the host "x.example.com" is wanted by Service a/young too; this Service came first and keeps it. ' +
        'Take it out of the annotation shunt.dev/hosts of Service a/young, or give it another path.',
    ]);
  });

  it('go to whoever tells an age before who tells none, and then by namespace and name', () => {
    const first = (...all: Baseline[]) => routeNames(all, DOMAIN).hosts[0]?.routes[0]?.baseline.id;
    expect(first(made('a/x', 'x.example.com'), made('b/y', 'x.example.com', 1000))).toBe('b/y');
    expect(first(made('b/y', 'x.example.com'), made('a/x', 'x.example.com'))).toBe('a/x');
  });

  it('cannot take the name of a Service from it', () => {
    const { hosts, problems } = routeNames([made('shop/evil', 'api.shop'), made('shop/api')], DOMAIN);
    expect(hosts).toEqual([]);
    expect(problems.map(({ object }) => object)).toEqual(['Service shop/evil', 'Service shop/api']);
  });
});

it('gives no name twice, since Envoy would refuse all routes', () => {
  const all = [made('shop/api--prod', 'a.example.com'), made('prod/api', 'a.example.com'), made('shop/api')];
  for (const namespace of [undefined, 'shop', 'prod']) {
    const { services, hosts } = routeNames(all, DOMAIN, namespace);
    const names = [
      ...services.flatMap((each) => [...each.names, ...each.previewNames]),
      ...hosts.map(({ host }) => host),
    ];
    expect(new Set(names).size).toBe(names.length);
  }
});
