import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typeUrls } from '../../../src/protos/index.ts';
import { type Resource, ResourceStore } from '../../../src/resources/index.ts';
import type { Action, DeltaRequest, Respond, SotwRequest, Variant } from '../../../src/xds/protocol.ts';
import { deltaStream, type Stream, sotwStream } from '../../../src/xds/stream.ts';
import { makeResource } from '../../support/resources.ts';
import { type Habits, ModelClient, modelTypes, referenceOf } from './model.ts';

const { cluster, loadAssignment, listener, routeConfiguration } = typeUrls;
const clusterNames = ['a', 'b', 'c'] as const;
const routeNames = ['r', 's'] as const;

/** Content of a resource: a number, with `!` if clients refuse it; undefined if there is no such resource. */
type Content = string | undefined;
interface World {
  readonly clusters: Record<(typeof clusterNames)[number], { cluster: Content; endpoints: Content }>;
  /** A listener for each, unless it is gone. */
  readonly routes: Record<
    (typeof routeNames)[number],
    { routes: Content; to: (typeof clusterNames)[number]; listener: Content }
  >;
}

const content = fc.option(fc.constantFrom('1', '2', '3', '4!'), { nil: undefined, freq: 4 });
const to = fc.constantFrom(...clusterNames);
const edit = fc.oneof(
  fc.record({ what: fc.constant('cluster' as const), name: to, content }),
  fc.record({ what: fc.constant('endpoints' as const), name: to, content }),
  fc.record({ what: fc.constant('routes' as const), name: fc.constantFrom(...routeNames), content, to }),
  fc.record({ what: fc.constant('listener' as const), name: fc.constantFrom(...routeNames), content }),
);
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('change' as const),
      edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('client hears' as const), times: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('server hears' as const), times: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('toggle' as const), name: fc.constantFrom(...clusterNames, 'ghost') }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reconnect' as const) }) },
);
const habits = fc.record({ takesGood: fc.boolean(), holdsAnswers: fc.boolean() });
/** Whether routes say which cluster they refer to. */
const saysReferences = fc.boolean();
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const firstWorld: World = {
  clusters: {
    a: { cluster: '1', endpoints: '1' },
    b: { cluster: '1', endpoints: '1' },
    c: { cluster: undefined, endpoints: undefined },
  },
  routes: {
    r: { routes: '1', to: 'a', listener: '1' },
    s: { routes: undefined, to: 'b', listener: undefined },
  },
};

describe.each(['sotw', 'delta'] as const)('any interleaving of changes, answers and delays, in %s', (variant) => {
  it('leaves the client with exactly the world that it asks for, in the right order, one response at a time', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), habits, saysReferences, (commands, habits, saysReferences) => {
        const run = new Run(variant, habits, saysReferences);
        for (const command of commands) run.execute(command);
        run.heal();
        run.quiesce();
        run.putRight();
        run.expectSynced();
      }),
      { numRuns: 1_000 },
    );
  });
});

/** A server's stream, a model client, what is on its way between them, and what must hold at every step. */
class Run {
  readonly #variant: Variant;
  readonly #client: ModelClient;
  readonly #saysReferences: boolean;
  readonly #store = new ResourceStore();
  #world = firstWorld;
  #stream!: Stream<SotwRequest> | Stream<DeltaRequest>;
  #toServer: (SotwRequest & DeltaRequest)[] = [];
  #toClient: Respond[] = [];
  #introduced = false;
  /** Types of which a response is unanswered, as the server sees it. */
  #unanswered = new Map<string, string>();
  /** The versions of clusters that the client took and refused last on this stream, by name. */
  #answered = new Map<string, { taken?: string | undefined; refused?: string | undefined }>();
  /** The change that made a version of a cluster the present one, by name and version. */
  readonly #became = new Map<string, number>();
  /** The version of its cluster that must have been answered before a route is sent, or a later one: with its change. */
  readonly #needs = new Map<string, { readonly version: string; readonly since: number }>();
  /** Routes that the client asked for and was not sent since: these may be sent at any time. */
  #asked = new Set<string>();
  /** Those that a response answered, by its nonce. */
  readonly #askedIn = new Map<string, string[]>();
  #streams = 0;

  constructor(variant: Variant, habits: Habits, saysReferences: boolean) {
    this.#variant = variant;
    this.#saysReferences = saysReferences;
    this.#client = new ModelClient(variant, habits);
    this.#apply(firstWorld);
    this.#connect();
  }

  execute(command: Command): void {
    switch (command.type) {
      case 'change':
        this.#apply(command.edits.reduce(edited, this.#world));
        return;
      case 'client hears':
        for (let i = 0; i < command.times; i++) this.#clientHears();
        return;
      case 'server hears':
        for (let i = 0; i < command.times; i++) this.#serverHears();
        return;
      case 'toggle':
        this.#client.toggle(command.name);
        this.#post();
        return;
      case 'reconnect':
        this.#client.connect();
        this.#connect();
        return;
      default:
        command satisfies never;
    }
  }

  /** Nothing stays bad. */
  heal(): void {
    const heal = (content: Content) => content?.replace('!', '');
    const { clusters, routes } = structuredClone(this.#world);
    for (const entry of Object.values(clusters)) {
      entry.cluster = heal(entry.cluster);
      entry.endpoints = heal(entry.endpoints);
    }
    for (const entry of Object.values(routes)) {
      entry.routes = heal(entry.routes);
      entry.listener = heal(entry.listener);
    }
    this.#apply({ clusters, routes });
  }

  quiesce(): void {
    for (let round = 0; this.#toServer.length + this.#toClient.length > 0; round++) {
      expect(round, 'the exchange comes to an end').toBeLessThan(500);
      this.#serverHears();
      this.#clientHears();
    }
  }

  /**
   * A client in state of the world that took a part of what it refused, and came back, is believed to have the version that
   * it states. The next change puts that right.
   */
  putRight(): void {
    if (this.#variant === 'delta' || !this.#client.tookPart) return;
    const { clusters, routes } = structuredClone(this.#world);
    clusters.c = { cluster: 'other', endpoints: 'other' };
    routes.s = { routes: 'other', to: 'c', listener: 'other' };
    this.#apply({ clusters, routes });
    this.quiesce();
  }

  expectSynced(): void {
    const view = this.#store.view('');
    for (const type of modelTypes) {
      const names = this.#client.wanted(type) ?? new Set(view.names(type));
      const held = new Map([...this.#client.held.get(type)!].map(([name, { version }]) => [name, version]));
      const expected = new Map<string, string>();
      for (const name of names) {
        const resource = view.get(type, name);
        // Of most types, state of the world cannot say that a resource is gone.
        const unsaid = this.#variant === 'sotw' && this.#client.wanted(type) !== undefined;
        const version = resource?.version ?? (unsaid ? held.get(name) : undefined);
        if (version !== undefined) expected.set(name, version);
      }
      expect(held, type).toEqual(expected);
    }
    expect([...this.#client.warming], 'rule 11: clusters that were sent without their endpoints after them').toEqual(
      [],
    );
  }

  #connect(): void {
    this.#streams += 1;
    const options = { id: `s${this.#streams}`, view: this.#store.view('') };
    this.#stream = this.#variant === 'sotw' ? sotwStream(options) : deltaStream(options);
    this.#toServer = [];
    this.#toClient = [];
    this.#introduced = false;
    this.#unanswered.clear();
    this.#answered.clear();
    this.#asked.clear();
    this.#post();
  }

  #post(): void {
    this.#toServer.push(...this.#client.takeRequests());
  }

  #apply(world: World): void {
    this.#world = world;
    const set = resourcesOf(world, this.#saysReferences);
    const remove = modelTypes.flatMap((typeUrl) =>
      [...this.#store.view('').names(typeUrl)].map((name) => ({ typeUrl, name })),
    );
    const changes = this.#store.apply({ set, remove });
    const view = this.#store.view('');
    const changed = changes.of('');
    for (const name of changed.get(cluster) ?? []) {
      this.#became.set(`${name} ${view.get(cluster, name)?.version}`, changes.sequence);
    }
    for (const name of changed.get(routeConfiguration) ?? []) {
      const routes = view.get(routeConfiguration, name);
      const used = routes && view.get(cluster, referenceOf(routes));
      if (used === undefined) continue;
      const { version } = used;
      this.#needs.set(name, { version, since: this.#became.get(`${used.name} ${version}`)! });
    }
    if (this.#streams > 0) this.#follow(this.#stream.worldChanged(changes.of('')));
  }

  #serverHears(): void {
    const request = this.#toServer.shift();
    if (request === undefined) return;
    if (request.typeUrl === routeConfiguration) {
      for (const name of this.#variant === 'sotw' ? request.names : request.subscribe) this.#asked.add(name);
    }
    if (request.nonce !== '' && this.#unanswered.get(request.typeUrl) === request.nonce) {
      this.#unanswered.delete(request.typeUrl);
    }
    this.#follow(this.#stream.request(request));
    const isSilent = this.#client.isSilent && this.#toClient.length > 0;
    if (!this.#introduced && this.#toServer.length === 0 && !isSilent) {
      const { actions, isLast } = this.#stream.introduced();
      this.#introduced = isLast;
      this.#follow(actions);
    }
  }

  #follow(actions: readonly Action[]): void {
    for (const action of actions) {
      expect(action.type).not.toBe('fail');
      if (action.type === 'respond') this.#sent(action);
      if (action.type === 'acknowledged' && action.typeUrl === cluster) {
        for (const { name, version } of action.changes) this.#answered.set(name, { taken: version });
      }
      // Parts of a refused answer are still the answer.
      if (action.type === 'refused' && action.again) {
        for (const name of this.#askedIn.get(action.nonce) ?? []) this.#asked.add(name);
      }
      if (action.type === 'refused' && action.typeUrl === cluster) {
        for (const { name, version } of action.again ? [] : action.changes) {
          this.#answered.set(name, { ...this.#answered.get(name), refused: version });
        }
      }
    }
  }

  #sent(response: Respond): void {
    const { typeUrl, nonce, resources, removed } = response;
    expect(this.#unanswered.get(typeUrl), 'rule 3: two responses of a type in flight').toBeUndefined();
    this.#unanswered.set(typeUrl, nonce);
    const names = [...resources.map(({ name }) => name), ...removed];
    expect(new Set(names).size, 'rule 5: a name stands twice in a response').toBe(names.length);
    if (typeUrl === routeConfiguration) {
      const asked: string[] = [];
      this.#askedIn.set(nonce, asked);
      for (const resource of resources) {
        if (this.#asked.delete(resource.name)) {
          asked.push(resource.name);
          continue;
        }
        const name = referenceOf(resource);
        const needed = this.#needs.get(resource.name)!;
        // It may have gone and come back before the client was told, or changed since.
        const held = this.#client.held.get(cluster)!.get(name);
        const heldSince = this.#became.get(`${name} ${held?.version}`) ?? 0;
        const present = this.#store.view('').get(cluster, name);
        if (held !== undefined && [needed.version, present?.version].includes(held.version)) continue;
        const { taken, refused } = this.#answered.get(name) ?? {};
        const answered = Math.max(
          heldSince,
          ...[taken, refused].map((version) => this.#became.get(`${name} ${version}`) ?? 0),
        );
        expect(answered, 'rule 12: routes before their cluster was answered').toBeGreaterThanOrEqual(needed.since);
      }
    }
    this.#toClient.push(response);
  }

  /** Names of the client's routes of which it has the cluster. */
  #workingRoutes(): ReadonlySet<string> {
    const clusters = this.#client.held.get(cluster)!;
    const routes = [...this.#client.held.get(routeConfiguration)!.values()];
    return new Set(routes.filter((each) => clusters.has(referenceOf(each))).map(({ name }) => name));
  }

  #clientHears(): void {
    const response = this.#toClient.shift();
    if (response === undefined) return;
    const before = new Set(this.#client.held.get(cluster)!.keys());
    const working = this.#workingRoutes();
    this.#client.receive(response);
    // In state of the world, a client that took a part of what it refused may have a cluster that is left out of the next
    // response, or that nobody knows of when it comes back.
    if (this.#variant === 'delta' || !this.#client.tookPart) {
      if (response.typeUrl === cluster) {
        const used = [...this.#client.held.get(routeConfiguration)!.values()].map(referenceOf);
        const lost = used.filter((name) => before.has(name) && !this.#client.held.get(cluster)!.has(name));
        expect(lost, 'rule 12: a cluster was removed that accepted routes use').toEqual([]);
      }
      if (this.#saysReferences) {
        const asked = this.#askedIn.get(response.nonce) ?? [];
        const held = this.#client.held.get(routeConfiguration)!;
        const works = this.#workingRoutes();
        const broken = [...working].filter((name) => held.has(name) && !works.has(name) && !asked.includes(name));
        expect(broken, 'rule 12: routes that had their cluster, and have it no more').toEqual([]);
      }
    }
    this.#post();
  }
}

function edited(
  world: World,
  change: Command extends infer C ? (C extends { edits: (infer E)[] } ? E : never) : never,
): World {
  const { clusters, routes } = structuredClone(world);
  switch (change.what) {
    case 'cluster':
      clusters[change.name].cluster = change.content;
      break;
    case 'endpoints':
      clusters[change.name].endpoints = change.content;
      break;
    case 'routes':
      routes[change.name].routes = change.content;
      routes[change.name].to = change.to;
      break;
    case 'listener':
      routes[change.name].listener = change.content;
      break;
    default:
      change satisfies never;
  }
  return { clusters, routes };
}

/** Consistent, as a translator's output is: nothing refers to what is not there. */
function resourcesOf({ clusters, routes }: World, saysReferences: boolean): readonly Resource[] {
  const used = new Set(Object.values(routes).flatMap(({ routes, to }) => (routes === undefined ? [] : [to])));
  const resources: Resource[] = [];
  for (const name of clusterNames) {
    const { cluster: content, endpoints } = clusters[name];
    const clusterContent = content ?? (used.has(name) ? '0' : undefined);
    if (clusterContent !== undefined) {
      const follower = { typeUrl: loadAssignment, name };
      resources.push(makeResource(cluster, name, clusterContent, { follower }));
    }
    if (endpoints !== undefined) resources.push(makeResource(loadAssignment, name, endpoints));
  }
  for (const name of routeNames) {
    const { routes: content, to, listener: listenerContent } = routes[name];
    if (content === undefined) continue;
    const [text, bad] = content.endsWith('!') ? [content.slice(0, -1), '!'] : [content, ''];
    const references = saysReferences ? [to] : undefined;
    resources.push(makeResource(routeConfiguration, name, `${text}>${to}${bad}`, { references }));
    if (listenerContent !== undefined) {
      resources.push(
        makeResource(
          listener,
          name,
          `${listenerContent.replace('!', '')}>${name}${listenerContent.endsWith('!') ? '!' : ''}`,
        ),
      );
    }
  }
  return resources;
}
