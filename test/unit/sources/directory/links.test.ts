import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { directorySource } from '../../../../src/sources/directory/index.ts';
import { WatchedFolder, yaml } from './watched-folder.ts';

let folder: WatchedFolder;
beforeEach(() => {
  folder = new WatchedFolder();
});
afterEach(async () => {
  await folder.close();
  expect(folder.seen.breaches).toEqual([]);
});

const inside = (...parts: readonly string[]) => join(folder.path, ...parts);
const outside = (...parts: readonly string[]) => join(folder.above, ...parts);

describe('a mounted ConfigMap', () => {
  /** As the kubelet's atomic writer does it. */
  function publish(version: string, files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) folder.write(`..${version}/${name}`, text);
    symlinkSync(`..${version}`, inside('..data_tmp'));
    renameSync(inside('..data_tmp'), inside('..data'));
  }

  beforeEach(async () => {
    publish('v1', { 'a.yaml': yaml(['a']), 'b.yaml': yaml(['b']), 'sub/c.yaml': yaml(['c']) });
    for (const name of ['a.yaml', 'b.yaml', 'sub']) symlinkSync(`..data/${name}`, inside(name));
    await folder.start();
  });

  test('is read once, by its visible names', () => {
    expect(folder.services).toEqual(['a', 'b', 'c']);
    expect(folder.seen.sentences()).toEqual([]);
  });

  test('is seen to change as one change', async () => {
    publish('v2', { 'a.yaml': yaml(['a'], 81), 'b.yaml': yaml(['b2']), 'sub/c.yaml': yaml(['c2']) });
    await folder.seen.until(() => folder.port('a') === 81);
    expect(folder.news).toEqual(['+a +b2 +c2 -b -c']);
    rmSync(inside('..v1'), { recursive: true });
    await folder.settled();
    expect(folder.news).toHaveLength(1);
  });

  test('is seen to change again and again', async () => {
    for (let version = 2; version < 30; version += 1) {
      publish(`v${version}`, { 'a.yaml': yaml(['a'], version), 'b.yaml': yaml(['b']), 'sub/c.yaml': yaml(['c']) });
      rmSync(inside(`..v${version - 1}`), { recursive: true });
      await folder.seen.until(() => folder.port('a') === version);
    }
    expect(new Set(folder.news)).toEqual(new Set(['+a']));
    expect(folder.news).toHaveLength(28);
  });

  test('may lose a file', async () => {
    publish('v2', { 'a.yaml': yaml(['a']) });
    unlinkSync(inside('b.yaml'));
    unlinkSync(inside('sub'));
    await folder.seen.until(() => folder.services.length === 1);
    expect(folder.news).toEqual(['-b -c']);
  });
});

describe('a link to a file elsewhere', () => {
  beforeEach(async () => {
    writeFileSync(outside('one.yaml'), yaml(['one']));
    writeFileSync(outside('two.yaml'), yaml(['two']));
    symlinkSync(outside('one.yaml'), inside('link.yaml'));
    await folder.start();
    expect(folder.services).toEqual(['one']);
  });

  test('is followed when the file is edited in place, and when it is replaced', async () => {
    writeFileSync(outside('one.yaml'), yaml(['one'], 81));
    await folder.seen.until(() => folder.port('one') === 81);
    for (let port = 82; port < 90; port += 1) {
      writeFileSync(outside('aside'), yaml(['one'], port));
      renameSync(outside('aside'), outside('one.yaml'));
      await folder.seen.until(() => folder.port('one') === port);
    }
  });

  test('is followed when it leads elsewhere', async () => {
    symlinkSync(outside('two.yaml'), outside('new-link'));
    renameSync(outside('new-link'), inside('link.yaml'));
    await folder.seen.until(() => folder.services.includes('two'));
    expect(folder.news).toEqual(['+two -one']);
    writeFileSync(outside('two.yaml'), yaml(['two'], 81));
    await folder.seen.until(() => folder.port('two') === 81);
  });

  test('takes its objects with it when it leads nowhere', async () => {
    unlinkSync(outside('one.yaml'));
    await folder.seen.until(() => folder.services.length === 0);
    expect(folder.news).toEqual(['-one']);
  });
});

test('a link to a folder is followed, but not in circles', async () => {
  mkdirSync(outside('shared'));
  writeFileSync(outside('shared', 'a.yaml'), yaml(['a']));
  symlinkSync('..', join(outside('shared'), 'up'));
  symlinkSync(outside('shared'), inside('shared'));
  symlinkSync('.', inside('here'));
  await folder.start();
  expect(folder.services).toEqual(['a']);
  writeFileSync(outside('shared', 'b.yaml'), yaml(['b']));
  await folder.seen.until(() => folder.services.includes('b'));
});

test('a watched path that is a link is seen to lead elsewhere, as one change', async () => {
  for (const [name, services] of [
    ['old', ['a', 'b']],
    ['new', ['b', 'c']],
  ] as const) {
    mkdirSync(outside(name));
    for (const service of services) writeFileSync(outside(name, `${service}.yaml`), yaml([service]));
  }
  rmSync(folder.path, { recursive: true });
  symlinkSync('old', folder.path);
  await folder.start();
  symlinkSync('new', outside('link'));
  renameSync(outside('link'), folder.path);
  await folder.seen.until(() => folder.services.includes('c'));
  expect(folder.news).toEqual(['+c -a']);
  writeFileSync(outside('new', 'd.yaml'), yaml(['d']));
  await folder.seen.until(() => folder.services.includes('d'));
});

test('a watched path below a link is seen to lead elsewhere, and followed there', async () => {
  for (const [name, service] of [
    ['old', 'a'],
    ['new', 'b'],
  ] as const) {
    mkdirSync(outside(name, 'manifests'), { recursive: true });
    writeFileSync(outside(name, 'manifests', 'shop.yaml'), yaml([service]));
  }
  symlinkSync('old', outside('current'));
  const source = directorySource(outside('current', 'manifests'), { settleMs: 20 });
  await source.start(folder.seen);
  symlinkSync('new', outside('link'));
  renameSync(outside('link'), outside('current'));
  await folder.seen.until(() => folder.services.includes('b'));
  expect(folder.news).toEqual(['+b -a']);

  renameSync(outside('new', 'manifests'), outside('new', 'away'));
  mkdirSync(outside('new', 'manifests'));
  writeFileSync(outside('new', 'manifests', 'shop.yaml'), yaml(['c']));
  await folder.seen.until(() => folder.services.includes('c'));
  expect(folder.services).toEqual(['c']);
  await source.stop();
});
