import { expect, it } from 'vitest';
import { typeUrls } from '../../../src/protos/index.ts';
import { type Resource, ResourceStore } from '../../../src/resources/index.ts';
import type { Action, DeltaRequest, NamedVersion, SotwRequest } from '../../../src/xds/protocol.ts';
import { deltaStream, type Stream, sotwStream } from '../../../src/xds/stream.ts';
import { makeResource } from '../../support/resources.ts';

/**
 * A language for tables of events and what the state machine answers to them. Resources are written `CDS a@1`: type, name
 * and content; `RDS r@1>a+b` says that it refers to the clusters a and b; `-CDS a` removes one. What is sent reads `send CDS a@1 b@2 -c ?d`, with `?` before what is said to be unknown, and `EDS a@none` for endpoints made up as there are none, and the answers to it
 * `acknowledged CDS a@1`, `refused CDS a@1`, with `, again` if it is sent again in parts.
 */
export const TYPES = {
  CDS: typeUrls.cluster,
  EDS: typeUrls.loadAssignment,
  LDS: typeUrls.listener,
  SRDS: typeUrls.scopedRouteConfiguration,
  RDS: typeUrls.routeConfiguration,
  VHDS: typeUrls.virtualHost,
  /** A type that the server knows nothing of. */
  UNKNOWN: 'type.googleapis.com/example.Unknown',
} as const;
export type TypeName = keyof typeof TYPES;

export interface Script<Request extends SotwRequest | DeltaRequest> {
  readonly store: ResourceStore;
  readonly stream: Stream<Request>;
  readonly nonces: Map<TypeName, string[]>;
  readonly names: Map<TypeName, readonly string[]>;
}
type Event<Request extends SotwRequest | DeltaRequest> = (script: Script<Request>) => readonly Action[];
export type Step<Request extends SotwRequest | DeltaRequest> = readonly [
  event: Event<Request>,
  expected: readonly string[],
];

/** A test of its own for each entry: a world, then events, each with all that must come of it. */
export function sotwTable(table: Record<string, readonly [string[], ...Step<SotwRequest>[]]>): void {
  runTable(table, (store) => sotwStream({ id: 's', view: store.view('') }));
}

export function deltaTable(table: Record<string, readonly [string[], ...Step<DeltaRequest>[]]>): void {
  runTable(table, (store) => deltaStream({ id: 's', view: store.view('') }));
}

function runTable<Request extends SotwRequest | DeltaRequest>(
  table: Record<string, readonly [string[], ...Step<Request>[]]>,
  open: (store: ResourceStore) => Stream<Request>,
): void {
  it.each(Object.entries(table))('%s', (_name, [world, ...steps]) => {
    const store = new ResourceStore();
    applyTo(store, world);
    const script: Script<Request> = { store, stream: open(store), nonces: new Map(), names: new Map() };
    const happened = steps.map(([event]) => event(script).map((action) => titleOf(action, script)));
    expect(happened).toEqual(steps.map(([, expected]) => expected));
  });
}

/** The world changes in one step. */
export function world(...changes: string[]) {
  return <Request extends SotwRequest | DeltaRequest>({ store, stream }: Script<Request>) =>
    stream.worldChanged(applyTo(store, changes).of(''));
}

/** The client has had time to ask for all its types. */
export function introduced<Request extends SotwRequest | DeltaRequest>({ stream }: Script<Request>) {
  return stream.introduced().actions;
}

/** A state-of-the-world request that answers nothing. */
export function ask(type: TypeName, names: readonly string[], more: Partial<SotwRequest> = {}): Event<SotwRequest> {
  return (script) => {
    script.names.set(type, names);
    return script.stream.request({ typeUrl: TYPES[type], version: '', nonce: '', names, ...more });
  };
}

/** A delta request that answers nothing. */
export function change(type: TypeName, more: Partial<DeltaRequest> = {}): Event<DeltaRequest> {
  return ({ stream }) =>
    stream.request({
      typeUrl: TYPES[type],
      nonce: '',
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      ...more,
    });
}

/** Answers the latest response of a type: an ACK, or whatever `more` makes of it. */
export function ack<Request extends SotwRequest | DeltaRequest>(
  type: TypeName,
  more: Partial<SotwRequest & DeltaRequest> = {},
): Event<Request> {
  return (script) => {
    const names = more.names ?? script.names.get(type) ?? [];
    script.names.set(type, names);
    const request: SotwRequest & DeltaRequest = {
      typeUrl: TYPES[type],
      nonce: nonceBack(0)(script, type),
      version: '',
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      ...more,
      names,
    };
    return script.stream.request(request as SotwRequest & DeltaRequest & Request);
  };
}

export const REFUSAL = { code: 3, message: 'no good' };

/** Refuses the latest response of a type. */
export function nack<Request extends SotwRequest | DeltaRequest>(type: TypeName): Event<Request> {
  return ack(type, { error: REFUSAL });
}

/** A request of a type with the nonce of the response before the latest one. */
export function stale<Request extends SotwRequest | DeltaRequest>(
  type: TypeName,
  more: Partial<SotwRequest & DeltaRequest> = {},
): Event<Request> {
  return (script) => ack<Request>(type, { ...more, nonce: nonceBack(1)(script, type) })(script);
}

function nonceBack(back: number) {
  return ({ nonces }: Pick<Script<DeltaRequest>, 'nonces'>, type: TypeName) => {
    const nonce = nonces.get(type)?.at(-1 - back);
    if (nonce === undefined) throw new Error(`No such response of ${type} was sent.`);
    return nonce;
  };
}

/** `CDS a@1` as a resource; clusters are followed by their endpoints. */
export function resource(text: string): Resource {
  const [type, name, content] = text.split(/[ @]/) as [TypeName, string, string];
  const follower = type === 'CDS' ? { typeUrl: TYPES.EDS, name } : undefined;
  const references = content.split('>')[1]?.split('+');
  const made = makeResource(TYPES[type], name, content, { follower, references });
  contents.set(made.version, content);
  return made;
}

const contents = new Map<string, string>();

export function applyTo(store: ResourceStore, changes: readonly string[]) {
  const remove = changes
    .filter((text) => text.startsWith('-'))
    .map((text) => {
      const [type, name] = text.slice(1).split(' ') as [TypeName, string];
      return { typeUrl: TYPES[type], name };
    });
  return store.apply({ set: changes.filter((text) => !text.startsWith('-')).map(resource), remove });
}

function titleOf<Request extends SotwRequest | DeltaRequest>(action: Action, { nonces }: Script<Request>): string {
  if (action.type === 'fail') return `fail: ${action.message}`;
  const type = (Object.keys(TYPES) as TypeName[]).find((name) => TYPES[name] === action.typeUrl)!;
  switch (action.type) {
    case 'respond': {
      nonces.set(type, [...(nonces.get(type) ?? []), action.nonce]);
      const removed = action.removed.map((name) => ({ name, version: undefined }));
      const unknown = action.unknown.map((name) => `?${name}`);
      return ['send', type, ...titles([...action.resources, ...removed]), ...unknown].join(' ');
    }
    case 'acknowledged':
      return ['acknowledged', type, ...titles(action.changes)].join(' ');
    case 'refused':
      return ['refused', type, ...titles(action.changes)].join(' ') + (action.again ? ', again' : '');
    default:
      return action satisfies never;
  }
}

function titles(changes: readonly NamedVersion[]): readonly string[] {
  return changes
    .map(({ name, version }) => (version === undefined ? `-${name}` : `${name}@${contents.get(version) ?? 'none'}`))
    .sort((a, b) => a.replace('-', '').localeCompare(b.replace('-', '')));
}
