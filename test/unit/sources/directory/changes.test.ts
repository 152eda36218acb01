import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WatchedFolder, yaml } from './watched-folder.ts';

let folder: WatchedFolder;
beforeEach(() => {
  folder = new WatchedFolder();
});
afterEach(async () => {
  await folder.close();
  expect(folder.seen.breaches).toEqual([]);
});

describe('at the start', () => {
  test('all files are read, in folders too, and nothing else', async () => {
    folder.write('a.yaml', yaml(['a', 'b']));
    folder.write('deep/er/c.yml', yaml(['c']));
    folder.write('d.json', '{"apiVersion":"v1","kind":"Service","metadata":{"name":"d","namespace":"shop"}}');
    folder.write('.hidden.yaml', yaml(['hidden']));
    folder.write('.git/e.yaml', yaml(['in-git']));
    folder.write('backup.yaml~', yaml(['backup']));
    folder.write('.swapped.yaml.swp', yaml(['swapped']));
    folder.write('notes.txt', yaml(['notes']));
    await folder.start();
    expect(folder.services).toEqual(['a', 'b', 'c', 'd']);
    expect(folder.seen.world.get('Service shop/c')?.place).toBe('deep/er/c.yml:1');
    expect(folder.seen.sentences()).toEqual([]);
  });

  test('what is wrong with a file is told, and costs no other', async () => {
    folder.write('bad.yaml', 'a: [');
    folder.write('good.yaml', yaml(['good']));
    await folder.start();
    expect(folder.services).toEqual(['good']);
    expect(folder.seen.sentences()).toEqual([
      expect.stringMatching(/^bad\.yaml \(bad\.yaml:1\): It is not valid YAML/),
    ]);
  });

  test('a folder that does not exist, or is none, is refused with a sentence', async () => {
    folder.write('file', '');
    const { directorySource } = await import('../../../../src/sources/directory/index.ts');
    for (const [name, sentence] of [
      ['missing', /^The folder .*missing does not exist\. Make it, or name the one that holds the manifests\.$/],
      ['file', /file is not a folder\. Name the folder that holds the manifests\.$/],
    ] as const) {
      const source = directorySource(join(folder.path, name));
      await expect(source.check()).rejects.toThrow(sentence);
      await expect(source.start(folder.seen)).rejects.toThrow(sentence);
    }
    expect(folder.seen.changes).toEqual([]);
  });
});

describe('a file', () => {
  beforeEach(async () => {
    folder.write('shop.yaml', yaml(['api', 'web']));
    await folder.start();
  });

  test('that is new is in force', async () => {
    folder.write('more.yaml', yaml(['db', 'cache']));
    await folder.seen.until(() => folder.services.includes('db'));
    expect(folder.news).toEqual(['+cache +db']);
  });

  test('that is replaced by a rename is in force as one change', async () => {
    folder.replace('shop.yaml', yaml(['api', 'db'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.news).toEqual(['+api +db -web']);
  });

  test('that is edited in place is in force', async () => {
    folder.write('shop.yaml', yaml(['api', 'web'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.news).toEqual(['+api +web']);
  });

  test('that is deleted takes its objects with it, in one change', async () => {
    folder.remove('shop.yaml');
    await folder.seen.until(() => folder.services.length === 0);
    expect(folder.news).toEqual(['-api -web']);
  });

  test('that gets another name changes nothing', async () => {
    folder.move('shop.yaml', 'store.yaml');
    await folder.settled();
    expect(folder.news).toEqual([]);
    folder.write('store.yaml', yaml(['api'], 82));
    await folder.seen.until(() => folder.port('api') === 82);
    expect(folder.news).toEqual(['+api -web']);
  });

  test('that gets a name which is not read takes its objects with it', async () => {
    folder.move('shop.yaml', 'shop.yaml.off');
    await folder.seen.until(() => folder.services.length === 0);
    folder.move('shop.yaml.off', 'shop.yaml');
    await folder.seen.until(() => folder.services.length === 2);
    expect(folder.news).toEqual(['-api -web', '+api +web']);
  });

  test('that moves between folders, back and forth, changes nothing', async () => {
    mkdirSync(join(folder.path, 'sub'));
    await folder.settled();
    for (let round = 0; round < 50; round += 1) {
      folder.move('shop.yaml', 'sub/shop.yaml');
      await folder.settled();
      folder.move('sub/shop.yaml', 'shop.yaml');
      await folder.settled();
    }
    expect(folder.news).toEqual([]);
    expect(folder.services).toEqual(['api', 'web']);
  });

  test('whose objects only moved within it changes nothing', async () => {
    folder.write('shop.yaml', `# a comment\n\n${yaml(['web', 'api'])}`);
    await folder.settled();
    expect(folder.news).toEqual([]);
  });

  test('that becomes a folder of its name, and a file again, is followed', async () => {
    folder.remove('shop.yaml');
    folder.write('shop.yaml/inner.yaml', yaml(['inner']));
    await folder.seen.until(() => folder.services.includes('inner'));
    expect(folder.services).toEqual(['inner']);
    folder.remove('shop.yaml');
    folder.write('shop.yaml', yaml(['api']));
    await folder.seen.until(() => folder.services.includes('api'));
    expect(folder.services).toEqual(['api']);
  });
});

describe('a folder inside', () => {
  test('that comes with files in it is followed, however deep', async () => {
    await folder.start();
    folder.write('a/b/c/first.yaml', yaml(['first']));
    await folder.seen.until(() => folder.services.includes('first'));
    folder.write('a/b/second.yaml', yaml(['second']));
    await folder.seen.until(() => folder.services.includes('second'));
    folder.write('a/b/c/first.yaml', yaml(['first'], 81));
    await folder.seen.until(() => folder.port('first') === 81);
    expect(folder.news).toEqual(['+first', '+second', '+first']);
  });

  test('that is moved within changes nothing, and is followed at its new place', async () => {
    folder.write('sub/in/shop.yaml', yaml(['api', 'web']));
    await folder.start();
    folder.move('sub', 'other');
    await folder.settled();
    expect(folder.news).toEqual([]);
    folder.write('other/in/shop.yaml', yaml(['api']));
    await folder.seen.until(() => !folder.services.includes('web'));
    expect(folder.news).toEqual(['-web']);
  });

  test('that is moved in or out is one change', async () => {
    const outside = join(folder.above, 'outside');
    folder.write('sub/a.yaml', yaml(['a']));
    folder.write('sub/deep/b.yaml', yaml(['b']));
    await folder.start();
    renameSync(join(folder.path, 'sub'), outside);
    await folder.seen.until(() => folder.services.length === 0);
    writeFileSync(join(outside, 'c.yaml'), yaml(['c']));
    renameSync(outside, join(folder.path, 'sub'));
    await folder.seen.until(() => folder.services.length === 3);
    expect(folder.news).toEqual(['-a -b', '+a +b +c']);
  });

  test('that is deleted and made again at once is followed', async () => {
    folder.write('sub/a.yaml', yaml(['a']));
    await folder.start();
    for (let port = 100; port < 120; port += 1) {
      folder.remove('sub');
      folder.write('sub/a.yaml', yaml(['a'], port));
      await folder.seen.until(() => folder.port('a') === port);
      folder.write('sub/a.yaml', yaml(['a'], port + 100));
      await folder.seen.until(() => folder.port('a') === port + 100);
    }
  });
});

describe('an object that stands in two places', () => {
  const inPort = (port: number) => yaml(['api'], port);
  const born = (text: string, year: number) =>
    text.replace('namespace: shop\n', `namespace: shop\n  creationTimestamp: "${year}-01-01T00:00:00Z"\n`);

  test('counts once, first in file order, and the other is told and takes over when the first goes', async () => {
    folder.write('b.yaml', inPort(2));
    folder.write('a.yaml', inPort(1));
    await folder.start();
    expect(folder.port('api')).toBe(1);
    expect(folder.seen.sentences()).toEqual([
      'Service shop/api (b.yaml:1): It stands at a.yaml:1 too, which counts since it comes first. Delete one of the two, or give it a name of its own.',
    ]);
    folder.remove('a.yaml');
    await folder.seen.until(() => folder.port('api') === 2);
    expect(folder.seen.sentences()).toEqual([]);
    expect(folder.news).toEqual(['+api']);
  });

  test('counts where it is older, wherever that is', async () => {
    folder.write('a.yaml', inPort(1));
    folder.write('b.yaml', born(inPort(2), 2021));
    folder.write('c.yaml', born(inPort(3), 2020));
    await folder.start();
    expect(folder.port('api')).toBe(3);
    expect(folder.seen.sentences()).toEqual([
      expect.stringContaining('(a.yaml:1): It stands at c.yaml:1 too, which counts since it is older.'),
      expect.stringContaining('(b.yaml:1): It stands at c.yaml:1 too, which counts since it is older.'),
    ]);
  });

  test('may do so in one file', async () => {
    folder.write('a.yaml', `${inPort(1)}---\n${inPort(2)}`);
    await folder.start();
    expect(folder.port('api')).toBe(1);
    expect(folder.seen.sentences()).toEqual([
      expect.stringMatching(/^Service shop\/api \(a\.yaml:10\): .* a\.yaml:1 /),
    ]);
  });

  test('is told of by the lines where it stands now', async () => {
    folder.write('a.yaml', inPort(1));
    folder.write('b.yaml', inPort(2));
    await folder.start();
    folder.write('a.yaml', `# one\n# two\n${inPort(1)}`);
    await folder.settled();
    expect(folder.seen.sentences()).toEqual([expect.stringMatching(/^Service shop\/api \(b\.yaml:1\): .* a\.yaml:3 /)]);
    expect(folder.news).toEqual([]);
  });
});

test('one change among 1,000 files costs no look at the others', { timeout: 60_000 }, async () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `service-${index}`);
  for (const name of names) folder.write(`${name}.yaml`, yaml([name]));
  await folder.start();
  expect(folder.services).toHaveLength(1_000);
  const tookMs: number[] = [];
  for (let port = 100; port < 121; port += 1) {
    const begin = performance.now();
    folder.replace('service-500.yaml', yaml(['service-500'], port));
    await folder.seen.until(() => folder.port('service-500') === port);
    tookMs.push(performance.now() - begin);
  }
  // To read all 1,000 takes above 100 ms; to read one, below 1.
  expect(tookMs.sort((a, b) => a - b)[10]).toBeLessThan(20);
  expect(folder.news).toHaveLength(21);
});

test('a burst over many files ends in what the files say', async () => {
  await folder.start();
  for (let round = 1; round <= 5; round += 1) {
    for (let index = 0; index < 200; index += 1) folder.write(`${index}.yaml`, yaml([`s${index}`], round));
  }
  for (let index = 0; index < 100; index += 1) folder.remove(`${index}.yaml`);
  await folder.settled();
  expect(folder.services).toHaveLength(100);
  expect(folder.services.every((name) => folder.port(name) === 5)).toBe(true);
});

test('nothing is delivered once it is stopped, not even what was under way', async () => {
  folder.write('shop.yaml', yaml(['api']));
  const source = await folder.start();
  folder.remove('shop.yaml');
  folder.write('bad.yaml', 'a: [');
  await source.stop();
  const other = folder.seen.changes.length;
  const witness = new WatchedFolder();
  await witness.start();
  await witness.settled();
  await witness.close();
  expect(folder.seen.changes).toHaveLength(other);
});
