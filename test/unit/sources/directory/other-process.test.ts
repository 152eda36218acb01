import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WatchedFolder, yaml } from './watched-folder.ts';

let folder: WatchedFolder;
beforeEach(async () => {
  folder = new WatchedFolder();
  folder.write('shop.yaml', yaml(['api', 'web'], 1));
  mkdirSync(join(folder.path, 'sub'));
  await folder.start();
});
afterEach(async () => {
  await folder.close();
  expect(folder.seen.breaches).toEqual([]);
});

/** Runs in a process of its own, so that what it does is seen at any point in between. */
async function elsewhere(script: string): Promise<void> {
  const prelude = `const fs = require('node:fs'); process.chdir(${JSON.stringify(folder.path)});`;
  await promisify(execFile)(process.execPath, ['-e', prelude + script]);
  await folder.settled();
}

test('a file that another process moves to and fro never costs its objects', async () => {
  await elsewhere(`
    for (let round = 0; round < 300; round += 1) {
      fs.renameSync('shop.yaml', 'store.yaml');
      fs.renameSync('store.yaml', 'sub/store.yaml');
      fs.renameSync('sub', 'below');
      fs.renameSync('below/store.yaml', 'shop.yaml');
      fs.renameSync('below', 'sub');
    }`);
  expect(folder.news).toEqual([]);
});

test('a file that another process writes in place again and again never costs its objects', async () => {
  const text = (port: string) => yaml(['api', 'web']).replaceAll('port: 80', `port: ${port}`);
  await elsewhere(`
    const text = ${JSON.stringify(text('PORT'))};
    for (let port = 2; port <= 500; port += 1) fs.writeFileSync('shop.yaml', text.replaceAll('PORT', port));`);
  expect(folder.port('api')).toBe(500);
  expect(folder.port('web')).toBe(500);
  expect(new Set(folder.news)).toEqual(new Set(['+api +web']));
  expect(folder.seen.told).toEqual([]);
});
