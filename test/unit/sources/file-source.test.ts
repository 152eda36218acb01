import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Problem } from '../../../src/problems.ts';
import { fileSource } from '../../../src/sources/directory/index.ts';
import { refKey, type SourceChange } from '../../../src/sources/source.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shunt-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const service = (name: string) =>
  `{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: {ports: [{port: 80}]}}\n`;

async function read(...paths: readonly string[]) {
  const changes: SourceChange[] = [];
  const problems: Problem[] = [];
  const source = fileSource(paths.map((path) => join(folder, path)));
  await source.start({
    changed: (change) => changes.push(change),
    problems: (_, told) => problems.push(...told),
  });
  await source.stop();
  expect(changes).toHaveLength(1);
  return { objects: changes[0]!.upserts.map(refKey), problems: problems.map(({ code }) => code) };
}

it('reads folders and what is in them as a folder that is watched, and files that are named whatever they are called', async () => {
  await mkdir(join(folder, 'in/.git'), { recursive: true });
  await writeFile(join(folder, 'in/a.yaml'), service('a'));
  await writeFile(join(folder, 'in/b.txt'), service('b'));
  await writeFile(join(folder, 'in/.git/c.yaml'), service('c'));
  expect(await read('')).toEqual({ objects: ['Service default/a'], problems: [] });
  expect(await read('in', 'in/b.txt')).toEqual({ objects: ['Service default/a', 'Service default/b'], problems: [] });
});

it('reads a file once that is named twice, and tells of an object that stands in two', async () => {
  await writeFile(join(folder, 'a.yaml'), service('a'));
  await writeFile(join(folder, 'b.yaml'), service('a'));
  expect(await read('a.yaml', 'a.yaml')).toEqual({ objects: ['Service default/a'], problems: [] });
  expect((await read('')).problems).toEqual(['object-duplicate']);
});

it('does not go round in links', async () => {
  await writeFile(join(folder, 'a.yaml'), service('a'));
  await symlink('.', join(folder, 'loop'));
  expect((await read('')).objects).toEqual(['Service default/a']);
});

it('names a file that is not there', async () => {
  await expect(fileSource([join(folder, 'b.yaml')]).check()).rejects.toThrow('b.yaml" does not exist.');
});
