import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint, Preview } from '../../../src/catalog/model.ts';
import { mergeEndpoints } from '../../../src/intercepts/endpoints.ts';

const at = (address: string, usable = true): Endpoint => ({ address, port: 80, usable });
const copy = (key: string, endpoints: readonly Endpoint[], bridged = false) => ({
  ...{ subsets: [key], preview: previewOf(key), endpoints, bridged },
});
const show = ({ entries }: ReturnType<typeof mergeEndpoints>) =>
  entries.map(({ address, baseline, subsets }) => [address, baseline ? 'baseline' : 'preview', ...subsets].join(' '));

describe('an address stands once in its cluster', () => {
  it('with the keys of all previews that have it', () => {
    const merged = mergeEndpoints([at('10.0.0.1')], [copy('a', [at('10.0.0.9')]), copy('b', [at('10.0.0.9')])]);
    expect(show(merged)).toEqual(['10.0.0.1 baseline', '10.0.0.9 preview a b']);
  });

  it("as the preview's, where the baseline's selector covers it too", () => {
    const merged = mergeEndpoints([at('10.0.0.1'), at('10.0.0.2')], [copy('a', [at('10.0.0.2')])]);
    expect(show(merged)).toEqual(['10.0.0.1 baseline', '10.0.0.2 preview a']);
    expect(merged.shared).toEqual([]);
  });

  it("as no one's while the preview's pod is not ready: it gets no one else's requests meanwhile", () => {
    const merged = mergeEndpoints([at('10.0.0.1'), at('10.0.0.2')], [copy('a', [at('10.0.0.2', false)])]);
    expect(show(merged)).toEqual(['10.0.0.1 baseline']);
  });

  it("as the baseline's and the preview's, where the preview selects all of the baseline, and its owner is told", () => {
    const merged = mergeEndpoints([at('10.0.0.1')], [copy('a', [at('10.0.0.1'), at('10.0.0.2')])]);
    expect(show(merged)).toEqual(['10.0.0.1 baseline a', '10.0.0.2 preview a']);
    expect(merged.shared).toMatchObject([{ preview: { key: 'a' }, address: '10.0.0.1' }]);
  });

  it("as no one's, where the baseline's selector covers a preview that speaks another protocol", () => {
    const merged = mergeEndpoints(
      [at('10.0.0.1'), at('10.0.0.2')],
      [copy('a', [at('10.0.0.2'), at('10.0.0.3')], true)],
    );
    expect(show(merged)).toEqual(['10.0.0.1 baseline']);
  });

  it("as the baseline's, where several previews would together leave it nothing", () => {
    const own = [at('10.0.0.1'), at('10.0.0.2')];
    const merged = mergeEndpoints(own, [copy('a', [at('10.0.0.1')]), copy('b', [at('10.0.0.2')])]);
    expect(show(merged)).toEqual(['10.0.0.1 baseline a', '10.0.0.2 baseline b']);
    expect(merged.shared).toHaveLength(2);
  });
});

it('never lists an address twice, nor takes the last one from a baseline, whatever is labelled', () => {
  const endpoints = fc.array(
    fc.record({ address: fc.constantFrom('a', 'b', 'c', 'd'), port: fc.constantFrom(1, 2), usable: fc.boolean() }),
  );
  const unique = endpoints.map((list) => [
    ...new Map(list.map((each) => [`${each.address} ${each.port}`, each])).values(),
  ]);
  fc.assert(
    fc.property(unique, fc.array(unique, { maxLength: 4 }), (own, others) => {
      // Readiness is the pod's, so all Services agree on it.
      const ready = new Map([...others.flat(), ...own].map((each) => [`${each.address} ${each.port}`, each.usable]));
      const agree = (list: Endpoint[]) =>
        list.map((each) => ({ ...each, usable: ready.get(`${each.address} ${each.port}`)! }));
      const { entries } = mergeEndpoints(
        agree(own),
        others.map((list, index) => copy(`k${index}`, agree(list))),
      );
      const names = entries.map(({ address, port }) => `${address} ${port}`);
      expect(new Set(names).size).toBe(names.length);
      const mine = new Set(own.map((each) => `${each.address} ${each.port}`));
      const lost = entries.filter(({ address, port, baseline }) => !baseline && mine.has(`${address} ${port}`));
      expect(lost.length).toBeLessThan(Math.max(1, mine.size));
      for (const entry of entries) expect(entry.baseline || entry.subsets.length > 0).toBe(true);
    }),
  );
});

function previewOf(key: string): Preview {
  return {
    ...{ kind: 'Service', id: `shop/${key}`, namespace: 'shop', name: key },
    ...{ baseline: 'shop/api', key, whenUnready: 'baseline', life: {}, ports: [] },
  };
}
