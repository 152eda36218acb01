import { isDeepStrictEqual } from 'node:util';
import type { SeededRandom } from './chaos-random.ts';
import { baselineManifest, type Manifest, previewManifest, sliceManifests } from './manifests.ts';

/** What one file of the folder says. Everything is in the namespace `shop`. */
export type FileState =
  | {
      readonly kind: 'api';
      /** Titles of echoes. */
      readonly endpoints: readonly string[];
      /** Whether it has a second port, 8080. */
      readonly admin: boolean;
      readonly hosts: string;
    }
  | { readonly kind: 'grpc' }
  | { readonly kind: 'other'; readonly name: string }
  | PreviewState;

export interface PreviewState {
  readonly kind: 'preview';
  readonly target: 'api' | 'grpc';
  /** Of its Service. */
  readonly name: string;
  readonly key?: string | undefined;
  /** Requests with this `x-user` are its, too. */
  readonly user?: string | undefined;
  /** Titles of echoes, or `DEAD`. */
  readonly endpoints: readonly string[];
}

/** All files by name; one that is not there is absent or undefined. */
export type World = Readonly<Record<string, FileState | undefined>>;

/** An endpoint that refuses connections. */
export const DEAD = 'dead';

export const COPIES = ['copy-1', 'copy-2', 'copy-3'] as const;
export const BASELINES = ['api', 'api-2'] as const;
/** Titles of all echoes that a world needs. */
export const TITLES = [...COPIES, ...BASELINES, 'grpc', 'other', 'steady'] as const;

const HOSTS = ['shop.example.com', 'shop.example.com, shop.example.com/v2', 'shop.example.com, www.example.com'];
const KEYS = { api: ['pr-1', 'pr-2', 'pr-3', 'pr-4'], grpc: ['pr-1', 'pr-2'] } as const;
const USERS = ['alice', 'bob'] as const;
const SLOTS = {
  api: ['api-a', 'api-b', 'api-c', 'api-d', 'api-e'],
  grpc: ['grpc-a', 'grpc-b'],
} as const;
const OTHERS = ['other-1', 'other-2', 'other-3'] as const;
const ENDPOINTS: readonly (readonly string[])[] = [
  ...COPIES.map((copy) => [copy]),
  ['copy-1', 'copy-2'],
  [],
  [DEAD],
  ['copy-3', DEAD],
];

/** The baselines, and one preview that no change ever touches. */
export const FIRST_WORLD: World = {
  api: { kind: 'api', endpoints: ['api'], admin: false, hosts: HOSTS[0]! },
  grpc: { kind: 'grpc' },
  steady: { kind: 'preview', target: 'api', name: 'api-0-steady', key: 'steady', endpoints: ['steady'] },
};

/** A world that differs in one respect, and what that is. */
export interface Change {
  readonly what: string;
  readonly files: World;
}

/** A change of this world, never of these files. */
export function randomChange(world: World, random: SeededRandom, untouched: ReadonlySet<string>): Change | undefined {
  const target = random.pick(['api', 'api', 'api', 'grpc'] as const);
  const slot = random.pick(SLOTS[target]);
  const change = random.below(10) < 7 ? changePreview(world, random, target, slot) : changeBaseline(world, random);
  const files = Object.keys(change.files);
  const isNone = files.every((file) => isDeepStrictEqual(world[file], change.files[file]));
  return isNone || files.some((file) => untouched.has(file)) ? undefined : change;
}

function changePreview(world: World, random: SeededRandom, target: 'api' | 'grpc', slot: string): Change {
  const state = world[slot] as PreviewState | undefined;
  const to = (what: string, fields: Partial<PreviewState>): Change => ({
    what: `${what} ${slot}`,
    files: { [slot]: { ...state!, ...fields } },
  });
  const key = random.pick(KEYS[target]);
  if (state === undefined) {
    const user = target === 'api' && random.below(4) === 0 ? random.pick(USERS) : undefined;
    const preview = { kind: 'preview', target, name: slot, key, user, endpoints: random.pick(ENDPOINTS) } as const;
    return { what: `add ${slot}`, files: { [slot]: preview } };
  }
  switch (random.below(6)) {
    case 0:
      return { what: `remove ${slot}`, files: { [slot]: undefined } };
    case 1:
      return to('edit the key of', { key });
    case 2:
      return to('edit the rule of', { user: target === 'api' ? random.pick([...USERS, undefined]) : undefined });
    case 3:
      return to('rename', { name: state.name === slot ? `${slot}-renamed` : slot });
    case 4:
      return moveKey(world, random, state, slot);
    default:
      return to('edit the endpoints of', { endpoints: random.pick(ENDPOINTS) });
  }
}

/** Gives another preview's key to this one, and this one's to the other. */
function moveKey(world: World, random: SeededRandom, state: PreviewState, slot: string): Change {
  const from = random.pick(SLOTS[state.target]);
  const other = world[from] as PreviewState | undefined;
  if (other === undefined) return { what: `remove ${slot}`, files: { [slot]: undefined } };
  const files = { [slot]: { ...state, key: other.key }, [from]: { ...other, key: state.key } };
  return { what: `move keys between ${from} and ${slot}`, files };
}

function changeBaseline(world: World, random: SeededRandom): Change {
  const api = world.api as FileState & { readonly kind: 'api' };
  const to = (what: string, fields: Partial<typeof api>): Change => ({ what, files: { api: { ...api, ...fields } } });
  const name = random.pick(OTHERS);
  switch (random.below(6)) {
    case 0:
      return to(api.admin ? 'remove a port' : 'add a port', { admin: !api.admin });
    case 1:
      return to('edit the hosts', { hosts: random.pick(HOSTS) });
    case 2:
      return to('edit the endpoints of a baseline', { endpoints: random.pick([['api'], ['api-2'], [...BASELINES]]) });
    default:
      return world[name] === undefined
        ? { what: 'add a baseline', files: { [name]: { kind: 'other', name } } }
        : { what: 'remove a baseline', files: { [name]: undefined } };
  }
}

/** Where an echo of this title listens. */
export type PortOf = (title: string, protocol: 'HTTP/1.1' | 'HTTP/2') => number;

/** The objects of one file. */
export function manifestsOf(state: FileState | undefined, portOf: PortOf): readonly Manifest[] {
  const http = (titles: readonly string[]) => titles.map((title) => portOf(title, 'HTTP/1.1'));
  const http2 = (titles: readonly string[]) => titles.map((title) => portOf(title, 'HTTP/2'));
  switch (state?.kind) {
    case undefined:
      return [];
    case 'api': {
      const { endpoints, admin, hosts } = state;
      const ports = [{ name: 'http', port: 80 }, ...(admin ? [{ name: 'admin', port: 8080 }] : [])];
      return [
        baselineManifest('shop/api', { ports, annotations: { 'shunt.dev/hosts': hosts } }),
        ...sliceManifests('shop/api', http(endpoints)),
        ...(admin ? sliceManifests('shop/api', http(endpoints), { portName: 'admin' }) : []),
      ];
    }
    case 'grpc':
      return [
        baselineManifest('shop/grpc', { ports: GRPC }),
        ...sliceManifests('shop/grpc', http2(['grpc']), { portName: 'grpc' }),
      ];
    case 'other':
      return [baselineManifest(`shop/${state.name}`), ...sliceManifests(`shop/${state.name}`, http(['other']))];
    case 'preview': {
      const { target, name, key, user, endpoints } = state;
      const annotations: Record<string, string> = user === undefined ? {} : { 'shunt.dev/match': `x-user=${user}` };
      const fields = { annotations, ...(target === 'grpc' ? { ports: GRPC } : {}) };
      const slices =
        target === 'grpc'
          ? sliceManifests(`shop/${name}`, http2(endpoints), { portName: 'grpc' })
          : sliceManifests(`shop/${name}`, http(endpoints));
      return [previewManifest(`shop/${name}`, target, key, fields), ...slices];
    }
    default:
      return state satisfies never;
  }
}

const GRPC = [{ name: 'grpc', port: 9000 }];
