import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** A room of `src/`: a folder, or a single file at the top. */
interface Room {
  /** The rooms that it knows. */
  readonly knows: readonly string[];
  /** The packages that it uses. */
  readonly uses?: readonly string[];
}

/** The path of docs/how-it-works.md, in its order; then what surrounds it. Whatever is not written here is not allowed. */
const rooms: Readonly<Record<string, Room>> = {
  sources: { knows: ['problems', 'dns-names'], uses: ['@kubernetes/client-node', 'pino', 'yaml'] },
  catalog: { knows: ['sources', 'problems', 'nearest', 'dns-names'], uses: ['yaml'] },
  intercepts: { knows: ['catalog', 'problems'], uses: ['re2js'] },
  translate: { knows: ['catalog', 'intercepts', 'protos', 'resources'], uses: ['yaml'] },
  explain: { knows: ['catalog', 'intercepts', 'translate', 'protos', 'resources', 'problems'], uses: ['re2js'] },
  // The library `shunt/xds`: it knows nothing of what a control plane is for.
  resources: { knows: ['protos'], uses: ['protobufjs'] },
  xds: {
    knows: ['protos', 'resources'],
    uses: ['@grpc/grpc-js', '@grpc/reflection', 'grpc-health-check', 'pino', 'protobufjs'],
  },
  protos: { knows: [], uses: ['@grpc/grpc-js', 'protobufjs'] },
  receipts: { knows: ['catalog', 'intercepts', 'problems', 'resources', 'xds', 'log'] },
  metrics: { knows: ['receipts', 'status', 'xds'], uses: ['prom-client'] },
  status: { knows: ['catalog', 'intercepts', 'problems', 'receipts', 'resources', 'translate', 'xds'] },

  // Whom a resource is due to.
  causes: { knows: ['sources', 'catalog', 'intercepts', 'resources'] },

  announce: { knows: ['problems', 'sources', 'status'] },

  // What several rooms say things with.
  problems: { knows: [] },
  'problem-log': { knows: ['problems'] },
  nearest: { knows: [] },
  'dns-names': { knows: [] },
  log: { knows: ['settings'], uses: ['pino'] },
  listening: { knows: ['settings'] },
  settings: { knows: ['nearest', 'dns-names'], uses: ['yaml'] },

  // What joins the rooms.
  pipeline: {
    knows: ['sources', 'catalog', 'intercepts', 'translate', 'resources', 'causes', 'problems', 'problem-log'],
    uses: ['pino'],
  },
  admin: { knows: ['settings', 'listening'] },
  gateway: { knows: ['settings'] },
  'client-limits': { knows: ['settings', 'xds'] },
  'client-policy': { knows: ['gateway', 'settings', 'xds'] },
  'control-plane': {
    knows: [
      ...[
        'sources',
        'translate',
        'resources',
        'xds',
        'receipts',
        'problems',
        'problem-log',
        'log',
        'settings',
        'pipeline',
        'admin',
        'explain',
        'status',
        'announce',
        'metrics',
      ],
      ...['gateway', 'client-limits', 'client-policy'],
    ],
  },
  demo: { knows: ['sources', 'protos', 'xds', 'log', 'listening', 'settings', 'gateway', 'control-plane'] },
  cli: {
    knows: [
      ...['sources', 'translate', 'resources', 'problem-log', 'nearest', 'log', 'settings', 'pipeline', 'gateway'],
      ...['control-plane', 'demo', 'explain', 'problems', 'receipts', 'status'],
    ],
    uses: ['yaml'],
  },
  main: { knows: ['cli'] },
};

interface Import {
  readonly file: string;
  readonly room: string;
  /** A path below `src/`, or a package. */
  readonly target: { readonly path: string } | { readonly package: string };
}

const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.startsWith('protos/generated/'));
const imports = files.flatMap(importsOf);

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(src, file), 'utf8');
  const specifiers = [...text.matchAll(/^(?:import|export|\}).* from '([^']+)';$|\bimport\('([^']+)'\)/gm)];
  return specifiers.flatMap(([, still, lazy]) => {
    const specifier = (still ?? lazy)!;
    if (specifier.startsWith('node:')) return [];
    const target = specifier.startsWith('.')
      ? { path: relative(src, join(src, dirname(file), specifier)) }
      : { package: /^(?:@[^/]+\/)?[^/]+/.exec(specifier)![0] };
    return [{ file, room: roomOf(file), target }];
  });
}

function roomOf(path: string): string {
  return path.split('/')[0]!.replace(/\.ts$/, '');
}

it('each room of src/ stands in the table, and nothing else does', () => {
  expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(rooms).sort());
});

it('no room knows another that it should not', () => {
  const strangers = imports.filter(
    ({ room, target }) =>
      'path' in target && roomOf(target.path) !== room && !rooms[room]?.knows.includes(roomOf(target.path)),
  );
  expect(strangers).toEqual([]);
});

it('no room uses a package that it should not', () => {
  const strangers = imports.filter(
    ({ room, target }) => 'package' in target && !rooms[room]?.uses?.includes(target.package),
  );
  expect(strangers).toEqual([]);
});

it('nothing stands in the table that is not so', () => {
  const known = (room: string) =>
    imports.flatMap(({ room: from, target }) =>
      from === room ? ['path' in target ? roomOf(target.path) : target.package] : [],
    );
  const idle = Object.entries(rooms).flatMap(([room, { knows, uses = [] }]) =>
    [...knows, ...uses].filter((name) => !known(room).includes(name)).map((name) => `${room}: ${name}`),
  );
  expect(idle).toEqual([]);
});

it('a room that has a door is entered by it', () => {
  const climbers = imports.filter(
    ({ room, target }) =>
      'path' in target &&
      roomOf(target.path) !== room &&
      files.includes(`${roomOf(target.path)}/index.ts`) &&
      target.path !== `${roomOf(target.path)}/index.ts`,
  );
  expect(climbers).toEqual([]);
});
