import { EventEmitter } from 'node:events';
import type * as fs from 'node:fs';
import { chmodSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WatchedFolder, yaml } from './watched-folder.ts';

/** How watching fares: it sees nothing, as when the kernel drops events, or is refused. */
const watching = vi.hoisted(() => ({ refused: false, really: false }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const watch = (...args: Parameters<typeof real.watch>) => {
    if (watching.really) return real.watch(...args);
    if (watching.refused) {
      throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' });
    }
    return Object.assign(new EventEmitter(), { close: () => undefined });
  };
  return { ...real, watch };
});

let folder: WatchedFolder;
beforeEach(() => {
  watching.refused = false;
  watching.really = false;
  folder = new WatchedFolder();
  folder.write('a.yaml', yaml(['a']));
  folder.write('sub/b.yaml', yaml(['b']));
});
afterEach(async () => {
  await folder.close();
  expect(folder.seen.breaches).toEqual([]);
});

describe('changes of which no event comes are seen all the same:', () => {
  test.each<[string, () => void, () => boolean]>([
    ['a new file', () => folder.write('c.yaml', yaml(['c'])), () => folder.services.includes('c')],
    ['a new folder', () => folder.write('new/c.yaml', yaml(['c'])), () => folder.services.includes('c')],
    ['an edit', () => folder.write('sub/b.yaml', yaml(['b'], 81)), () => folder.port('b') === 81],
    ['a rename over it', () => folder.replace('a.yaml', yaml(['a'], 81)), () => folder.port('a') === 81],
    ['a deleted file', () => folder.remove('a.yaml'), () => !folder.services.includes('a')],
    ['a deleted folder', () => folder.remove('sub'), () => !folder.services.includes('b')],
    [
      'another folder in its place',
      () => {
        folder.move('sub', 'old.off');
        folder.write('sub/b.yaml', yaml(['c']));
        folder.remove('old.off');
      },
      () => folder.services.join() === 'a,c',
    ],
    [
      'another folder for the whole',
      () => {
        renameSync(folder.path, join(folder.above, 'old'));
        folder.write('c.yaml', yaml(['c']));
      },
      () => folder.services.join() === 'c',
    ],
  ])('%s', async (_, change, seen) => {
    await folder.start({ rescanMs: 20, settleMs: 20 });
    change();
    await folder.seen.until(seen);
  });
});

test('watching that is refused is told, while changes are still seen', async () => {
  watching.refused = true;
  await folder.start({ rescanMs: 20 });
  expect(folder.services).toEqual(['a', 'b']);
  expect(folder.seen.sentences()).toEqual([
    expect.stringMatching(/^folder .*manifests\/sub: It cannot be watched/),
    expect.stringMatching(/^folder .*manifests: It cannot be watched \(ENOSPC: .*\)\. Raise the limit fs\.inotify/),
  ]);
  folder.write('sub/b.yaml', yaml(['b'], 81));
  await folder.seen.until(() => folder.port('b') === 81);

  watching.refused = false;
  await folder.seen.until(() => folder.seen.sentences().length === 0);
});

describe.skipIf(process.getuid?.() === 0)('a folder that may not be read', () => {
  test.each(['sub', '.'])('(%s) keeps what it held in force, and is told', async (path) => {
    watching.really = true;
    await folder.start();
    chmodSync(join(folder.path, path), 0);
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    expect(folder.services).toEqual(['a', 'b']);
    chmodSync(join(folder.path, path), 0o755);
    await folder.seen.until(() => folder.seen.sentences().length === 0);
    folder.write('sub/b.yaml', yaml(['b'], 81));
    await folder.seen.until(() => folder.port('b') === 81);
    expect(folder.services).toEqual(['a', 'b']);
  });
});
