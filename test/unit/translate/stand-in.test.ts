import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Baseline, Preview, WhenUnready } from '../../../src/catalog/model.ts';
import type { EndpointEntry } from '../../../src/intercepts/intercept.ts';
import { translateLoadAssignment } from '../../../src/translate/load-assignment.ts';

const port = { name: 'http', port: 80, protocol: 'HTTP/1.1', targetPort: 80 } as const;
const api: Baseline = {
  ...{ kind: 'Service', id: 'shop/api', namespace: 'shop', name: 'api' },
  ...{ ports: [port], hosts: [], allowFrom: [] },
};
const entry = (address: string, subsets: readonly string[] = []): EndpointEntry => ({
  ...{ address, port: 8080, baseline: subsets.length === 0 },
  ...{ subsets, titles: subsets },
});
const preview = (key: string, whenUnready: WhenUnready): Preview => ({
  ...{ kind: 'Service', id: `shop/${key}`, namespace: 'shop', name: key, baseline: 'shop/api', key },
  ...{ whenUnready, life: {}, ports: [port] },
});

/** Each endpoint as `address/name → subsets`, by priority. */
function shown(entries: readonly EndpointEntry[], unready: readonly Preview[], denied: readonly string[] = []) {
  const { endpoints } = translateLoadAssignment(api, {
    ...{
      port,
      entries,
      denied: new Set([...denied, ...unready.flatMap(({ key, whenUnready }) => (whenUnready === 'deny' ? key! : []))]),
    },
    unready: unready.map((each) => ({ preview: each, subsets: [each.key!] })),
    mirrors: [],
    bridges: [],
  });
  return endpoints!.flatMap(({ priority, lb_endpoints }) =>
    lb_endpoints!.map(({ endpoint, metadata }) => {
      const at = (address: NonNullable<typeof endpoint>['address']) =>
        `${address!.socket_address!.address}:${address!.socket_address!.port_value}`;
      const addresses = [endpoint!.address, ...(endpoint!.additional_addresses ?? []).map(({ address }) => address)];
      const names = metadata!.filter_metadata!['envoy.lb']!.fields!.preview!.listValue!.values!;
      return {
        priority,
        addresses: addresses.map((address) => at(address!)),
        hostname: endpoint!.hostname,
        subsets: names.map(({ stringValue }) => stringValue),
      };
    }),
  );
}

describe('a preview without usable endpoints', () => {
  it('has the endpoints of the baseline under a name that says so, and the baseline behind them', () => {
    expect(shown([entry('10.0.0.1')], [preview('pr-1', 'baseline')])).toEqual([
      {
        priority: 0,
        addresses: [expect.stringMatching(/^127\.2\.\d+\.\d+:0$/), '10.0.0.1:8080'],
        hostname: 'api (api@pr-1 is not ready)',
        subsets: ['pr-1'],
      },
      { priority: 1, addresses: ['10.0.0.1:8080'], hostname: 'api', subsets: ['-', 'pr-1'] },
    ]);
  });

  it('has three of them at most, however many the baseline has', () => {
    const own = Array.from({ length: 20 }, (_, index) => entry(`10.0.0.${index}`));
    expect(shown(own, [preview('pr-1', 'baseline')]).filter(({ priority }) => priority === 0)).toHaveLength(3);
  });

  it('that denies has an endpoint where nobody can listen, and none of the baseline is in its subset', () => {
    expect(shown([entry('10.0.0.1')], [preview('pr-1', 'deny')])).toEqual([
      {
        priority: 0,
        addresses: [expect.stringMatching(/^127\.1\.\d+\.\d+:0$/)],
        hostname: 'api@pr-1',
        subsets: ['pr-1'],
      },
      { priority: 1, addresses: ['10.0.0.1:8080'], hostname: 'api', subsets: ['-'] },
    ]);
  });

  it('has none where the baseline has none either', () => {
    expect(shown([], [preview('pr-1', 'baseline')])).toEqual([]);
  });
});

it('a preview that denies has its own endpoints alone while it has any', () => {
  expect(shown([entry('10.0.0.1'), entry('10.0.9.9', ['pr-1'])], [], ['pr-1']).map(({ subsets }) => subsets)).toEqual([
    ['pr-1'],
    ['-'],
  ]);
});

it('no address stands twice, whichever previews are not ready, and one keeps its own when others come and go', () => {
  const keys = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 60 });
  fc.assert(
    fc.property(keys, fc.constantFrom<WhenUnready>('baseline', 'deny'), (names, whenUnready) => {
      const previews = names.map((name) => preview(name, whenUnready));
      const first = shown([entry('10.0.0.1'), entry('10.0.0.2')], previews).map(({ addresses }) => addresses[0]);
      expect(new Set(first).size).toBe(first.length);
    }),
  );
  const many = Array.from({ length: 50 }, (_, index) => preview(`pr-${index}`, 'deny'));
  const all = shown([entry('10.0.0.1')], many);
  const fewer = shown([entry('10.0.0.1')], many.slice(1));
  const moved = fewer.filter(
    ({ addresses, hostname }) => all.find((each) => each.hostname === hostname)!.addresses[0] !== addresses[0],
  );
  expect(moved).toEqual([]);
});
