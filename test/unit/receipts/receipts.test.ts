import { describe, expect, it } from 'vitest';
import { type Receipt, Receipts } from '../../../src/receipts/index.ts';
import { type Resource, ResourceStore } from '../../../src/resources/index.ts';
import type { XdsEvent } from '../../../src/xds/index.ts';

const EDS = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';
const RDS = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const BASELINE = 'shop/api';

/** What an Envoy does on its stream, against a store whose resources are texts. */
class Fleet {
  readonly store = new ResourceStore();
  readonly completed: Receipt[] = [];
  clock = 1_000;
  readonly receipts = new Receipts({
    store: this.store,
    isGateway: (groups) => !groups.includes('other'),
    onComplete: (receipt) => this.completed.push(receipt),
    now: () => this.clock,
  });
  #nonce = 0;

  constructor() {
    this.store.subscribe((changes) => this.receipts.stored(changes));
  }

  /** Sets resources and says which previews ride on the first of them, each in the form of a text. */
  change(
    resources: Readonly<Record<string, string>>,
    previews: Readonly<Record<string, string>>,
    needs = [`${EDS} api`],
  ) {
    const set = Object.entries(resources).map(([key, version]): Resource => {
      const [typeUrl, name] = key.split(' ') as [string, string];
      return { typeUrl, name, version, body: Buffer.from(version) };
    });
    const { sequence } = this.store.apply({ set, remove: [] });
    const ridings = Object.entries(previews).map(([name, content]) => ({
      preview: {
        ...{ kind: 'Service', id: `shop/${name}`, namespace: 'shop', name },
        ...{ baseline: BASELINE, whenUnready: 'baseline' as const, life: {} },
      },
      endpoints: 1,
      resources: needs,
      content,
    }));
    const baselines = new Map([[BASELINE, ridings]]);
    this.receipts.followed({ sequence, at: this.clock, baselines });
  }

  connect(node: string, groups: readonly string[] = []): void {
    this.#tell(node, { type: 'connected', variant: 'delta' }, groups);
  }

  disconnect(node: string): void {
    this.#tell(node, { type: 'disconnected', reason: '' });
  }

  /** Sends what the store has now. @returns the response, to be answered. */
  push(node: string, key = `${EDS} api`) {
    const [typeUrl, name] = key.split(' ') as [string, string];
    const changes = [{ name, version: this.store.view().get(typeUrl, name)?.version }];
    const nonce = `${++this.#nonce}`;
    this.#tell(node, { type: 'pushed', typeUrl, nonce, changes, sequence: this.store.sequence, bytes: 1 });
    return {
      acknowledge: () => this.#tell(node, { type: 'acknowledged', typeUrl, nonce, changes }),
      refuse: () =>
        this.#tell(node, { type: 'refused', typeUrl, nonce, changes, error: { code: 3, message: 'no' }, again: false }),
    };
  }

  /** An Envoy that comes back with what it had. */
  comeBackWith(node: string, key = `${EDS} api`): void {
    const [typeUrl, name] = key.split(' ') as [string, string];
    const changes = [{ name, version: this.store.view().get(typeUrl, name)?.version }];
    this.#tell(node, { type: 'acknowledged', typeUrl, nonce: '', changes });
  }

  /** `1 of 2` of the Envoys have it. */
  inForce(preview = 'pr-1'): string | undefined {
    const receipt = this.receipts.of(BASELINE, `shop/${preview}`);
    return receipt && `${receipt.current.length} of ${receipt.current.length + receipt.behind.length}`;
  }

  names(): readonly string[] {
    return this.completed.map(({ preview, tookMs }) => `${preview.name} ${tookMs ?? 'whenever'}`);
  }

  #tell(node: string, what: object, groups: readonly string[] = []): void {
    this.receipts.event({ at: this.clock, node, stream: node, groups, ...what } as XdsEvent);
  }
}

/** Two Envoys that have the baseline without previews. */
function fleetOfTwo(): Fleet {
  const fleet = new Fleet();
  fleet.change({ [`${EDS} api`]: 'a' }, {});
  for (const node of ['one', 'two']) {
    fleet.connect(node);
    fleet.push(node).acknowledge();
  }
  return fleet;
}

describe('an intercept', () => {
  it('is in force on the Envoys that have acknowledged it, and complete, once, when all have', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    const [one, two] = [fleet.push('one'), fleet.push('two')];
    expect(fleet.inForce()).toBe('0 of 2');
    fleet.clock += 3;
    one.acknowledge();
    expect(fleet.inForce()).toBe('1 of 2');
    expect(fleet.names()).toEqual([]);
    fleet.clock += 4;
    two.acknowledge();
    expect(fleet.inForce()).toBe('2 of 2');
    expect(fleet.names()).toEqual(['pr-1 7']);
  });

  it('stays in force while another one, of the same service, is on its way', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    fleet.change({ [`${EDS} api`]: 'c' }, { 'pr-1': 'x', 'pr-2': 'y' });
    const [one] = [fleet.push('one'), fleet.push('two')];
    expect(fleet.inForce('pr-1')).toBe('2 of 2');
    expect(fleet.inForce('pr-2')).toBe('0 of 2');
    one.acknowledge();
    expect(fleet.inForce('pr-2')).toBe('1 of 2');
  });

  it('is not in force by the answer to a response that went out before it came', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    const early = fleet.push('one');
    fleet.change({ [`${EDS} api`]: 'c' }, { 'pr-1': 'x', 'pr-2': 'y' });
    early.acknowledge();
    expect(fleet.inForce('pr-1')).toBe('1 of 2');
    expect(fleet.inForce('pr-2')).toBe('0 of 2');
    fleet.push('one').acknowledge();
    expect(fleet.inForce('pr-2')).toBe('1 of 2');
  });

  it('is new where it changes itself', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    fleet.change({ [`${EDS} api`]: 'c' }, { 'pr-1': 'other endpoints' });
    expect(fleet.inForce()).toBe('0 of 2');
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    expect(fleet.names()).toEqual(['pr-1 0', 'pr-1 0']);
  });

  it('that needs routes too is in force when both are acknowledged', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${RDS} gateway`]: 'r' }, {});
    for (const node of ['one', 'two']) fleet.push(node, `${RDS} gateway`).acknowledge();
    const needs = [`${EDS} api`, `${RDS} gateway`];
    fleet.change({ [`${EDS} api`]: 'b', [`${RDS} gateway`]: 's' }, { 'pr-1': 'x' }, needs);
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    expect(fleet.inForce()).toBe('0 of 2');
    for (const node of ['one', 'two']) fleet.push(node, `${RDS} gateway`).acknowledge();
    expect(fleet.inForce()).toBe('2 of 2');
  });

  it('is not in force where it is refused', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    fleet.push('one').acknowledge();
    fleet.push('two').refuse();
    expect(fleet.inForce()).toBe('1 of 2');
    expect(fleet.receipts.of(BASELINE, 'shop/pr-1')!.behind.map(({ node }) => node)).toEqual(['two']);
    expect(fleet.names()).toEqual([]);
  });

  it('has no receipt once it is gone', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    const [one, two] = [fleet.push('one'), fleet.push('two')];
    fleet.change({ [`${EDS} api`]: 'a' }, {});
    one.acknowledge();
    two.acknowledge();
    expect(fleet.inForce()).toBeUndefined();
    expect(fleet.receipts.all()).toEqual([]);
    expect(fleet.names()).toEqual([]);
  });
});

describe('Envoys', () => {
  it('that come later complete what no Envoy was there for, without a time', () => {
    const fleet = new Fleet();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    expect(fleet.inForce()).toBe('0 of 0');
    fleet.connect('one');
    const first = fleet.push('one');
    expect(fleet.inForce()).toBe('0 of 1');
    first.acknowledge();
    expect(fleet.inForce()).toBe('1 of 1');
    expect(fleet.names()).toEqual(['pr-1 whenever']);
  });

  it('that go are not waited for', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    fleet.push('one').acknowledge();
    fleet.push('two');
    fleet.disconnect('two');
    expect(fleet.inForce()).toBe('1 of 1');
    expect(fleet.names()).toEqual(['pr-1 0']);
  });

  it('that come back with what they had are up to date', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    fleet.disconnect('two');
    fleet.connect('two');
    fleet.comeBackWith('two');
    expect(fleet.inForce()).toBe('2 of 2');
  });

  it('that ask for other services only do not count', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} db`]: 'd' }, {});
    fleet.connect('three');
    fleet.push('three', `${EDS} db`).acknowledge();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    expect(fleet.inForce()).toBe('2 of 2');
  });

  it('are told from clients that know no previews', () => {
    const fleet = fleetOfTwo();
    fleet.connect('grpc', ['other']);
    fleet.push('grpc');
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    expect(fleet.inForce()).toBe('0 of 2');
  });

  it('are up to date when a change is taken back before they are sent it', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    fleet.change({ [`${EDS} api`]: 'a' }, {});
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    expect(fleet.inForce()).toBe('2 of 2');
    expect(fleet.names()).toEqual(['pr-1 0', 'pr-1 0']);
  });

  it('are not, if they were sent it', () => {
    const fleet = fleetOfTwo();
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    fleet.change({ [`${EDS} api`]: 'a' }, {});
    const without = [fleet.push('one'), fleet.push('two')];
    fleet.change({ [`${EDS} api`]: 'b' }, { 'pr-1': 'x' });
    expect(fleet.inForce()).toBe('0 of 2');
    for (const response of without) response.acknowledge();
    expect(fleet.inForce()).toBe('0 of 2');
    for (const node of ['one', 'two']) fleet.push(node).acknowledge();
    expect(fleet.inForce()).toBe('2 of 2');
  });
});
