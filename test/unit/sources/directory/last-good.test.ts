import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { slice } from '../objects.ts';
import { WatchedFolder, yaml } from './watched-folder.ts';

let folder: WatchedFolder;
beforeEach(async () => {
  folder = new WatchedFolder();
  folder.write('shop.yaml', yaml(['api', 'web']));
});
afterEach(async () => {
  vi.useRealTimers();
  await folder.close();
  expect(folder.seen.breaches).toEqual([]);
});

/** Only timers, so that files and the event loop go on as they do. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

describe('a file that cannot be read', () => {
  test('keeps its last good state in force, and is told once it has settled', async () => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    folder.write('shop.yaml', 'a: [');
    await folder.settled();
    vi.advanceTimersByTime(149);
    expect(folder.seen.sentences()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(folder.seen.sentences()).toEqual([
      expect.stringMatching(
        /^shop\.yaml \(shop\.yaml:1\): It is not valid YAML: .* Correct the syntax\. Until then the objects that it held before stay in force\.$/,
      ),
    ]);
    expect(folder.services).toEqual(['api', 'web']);
  });

  test('is told as mended when it can be read again, and is in force', async () => {
    await folder.start();
    folder.write('shop.yaml', 'a: [');
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    folder.write('shop.yaml', yaml(['api', 'web'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.seen.sentences()).toEqual([]);
    expect(folder.news).toEqual(['+api +web']);
  });

  test('is never told if it can be read again before it has settled', async () => {
    stopTheClock();
    await folder.start();
    folder.write('shop.yaml', 'a: [');
    await folder.settled();
    vi.advanceTimersByTime(100);
    folder.write('shop.yaml', yaml(['api', 'web'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    vi.advanceTimersByTime(10_000);
    expect(folder.seen.told).toEqual([]);
  });

  test('settles anew with each write', async () => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    for (let write = 0; write < 5; write += 1) {
      folder.write('shop.yaml', `a: [ ${write}`);
      await folder.settled();
      vi.advanceTimersByTime(149);
    }
    expect(folder.seen.told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(folder.seen.sentences()).toHaveLength(1);
  });

  test('is not told by a timer that overtakes the event of its next change', async () => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    folder.write('shop.yaml', 'a: [');
    await folder.settled();
    folder.write('shop.yaml', 'a: [ 1');
    vi.advanceTimersByTime(150);
    expect(folder.seen.told).toEqual([]);
  });

  test('takes its objects with it when it is deleted', async () => {
    await folder.start();
    folder.write('shop.yaml', 'a: [');
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    folder.remove('shop.yaml');
    await folder.seen.until(() => folder.services.length === 0);
    expect(folder.seen.sentences()).toEqual([]);
  });

  test.each<[string, () => void, RegExp]>([
    [
      'too large',
      () => truncateSync(join(folder.path, 'shop.yaml'), 9 * 1024 * 1024),
      /holds 9437184 bytes, more than/,
    ],
    ['not UTF-8', () => folder.write('shop.yaml', Uint8Array.of(0xff, 0xfe, 0x61, 0x00)), /not UTF-8 text/],
  ])('may be %s', async (_, spoil, sentence) => {
    await folder.start();
    spoil();
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    expect(folder.seen.sentences()).toEqual([expect.stringMatching(sentence)]);
    expect(folder.services).toEqual(['api', 'web']);
  });

  test.skipIf(process.getuid?.() === 0)('may be forbidden', async () => {
    await folder.start();
    chmodSync(join(folder.path, 'shop.yaml'), 0);
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    expect(folder.seen.sentences()).toEqual([expect.stringMatching(/may not be read \(EACCES\)\. Give the user/)]);
    expect(folder.services).toEqual(['api', 'web']);
  });
});

describe('a file that becomes empty', () => {
  const EMPTY =
    'shop.yaml (shop.yaml): It is empty, comments aside. Write its objects, or delete the file. Until then the objects that it held before stay in force.';

  test.each(['', '\n', '# made by a script\n---\n'])('(%j) keeps its objects for good, and is told', async (text) => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    folder.write('shop.yaml', text);
    await folder.settled();
    vi.advanceTimersByTime(149);
    expect(folder.seen.told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(folder.seen.sentences()).toEqual([EMPTY]);
    vi.advanceTimersByTime(3_600_000);
    expect(folder.news).toEqual([]);

    folder.write('shop.yaml', yaml(['api', 'web'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.seen.sentences()).toEqual([]);
    expect(folder.news).toEqual(['+api +web']);
  });

  test('by a rename keeps its objects too', async () => {
    await folder.start({ settleMs: 20 });
    folder.replace('shop.yaml', '');
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    expect(folder.seen.sentences()).toEqual([EMPTY]);
    expect(folder.services).toEqual(['api', 'web']);
  });

  test('takes its objects with it when it is deleted', async () => {
    await folder.start({ settleMs: 20 });
    truncateSync(join(folder.path, 'shop.yaml'), 0);
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    folder.remove('shop.yaml');
    await folder.seen.until(() => folder.services.length === 0);
    expect(folder.seen.sentences()).toEqual([]);
  });

  test('is nothing to tell of if it never held an object', async () => {
    folder.write('empty.yaml', '');
    await folder.start({ settleMs: 20 });
    folder.write('empty.yaml', '# still\n');
    await folder.settled();
    folder.write('empty.yaml', yaml(['db']));
    await folder.seen.until(() => folder.services.includes('db'));
    expect(folder.seen.told).toEqual([]);
  });
});

describe('a file that is being written', () => {
  test('is not taken as empty between its truncation and its content', async () => {
    await folder.start();
    truncateSync(join(folder.path, 'shop.yaml'), 0);
    await folder.settled();
    appendFileSync(join(folder.path, 'shop.yaml'), yaml(['api', 'web'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.news).toEqual(['+api +web']);
  });

  test('is not taken as empty either if it was deleted and made again', async () => {
    await folder.start();
    folder.remove('shop.yaml');
    folder.write('shop.yaml', '');
    await folder.settled();
    folder.write('shop.yaml', yaml(['api', 'web'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.news).toEqual(['+api +web']);
  });

  test('waits for its end if it is long, unless it was renamed into place', async () => {
    const long = (port: number) => `${yaml(['api', 'web'], port)}# ${'x'.repeat(300_000)}\n`;
    stopTheClock();
    await folder.start({ settleMs: 150 });
    folder.write('shop.yaml', long(81));
    await folder.settled();
    expect(folder.port('api')).toBe(80);
    vi.advanceTimersByTime(150);
    expect(folder.port('api')).toBe(81);
    folder.replace('shop.yaml', long(82));
    await folder.seen.until(() => folder.port('api') === 82);
  });

  test('loses what it holds no more once it is left alone, since its writer may not have come to it', async () => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    folder.write('shop.yaml', yaml(['api'], 81));
    await folder.settled();
    vi.advanceTimersByTime(149);
    expect(folder.services).toEqual(['api', 'web']);
    vi.advanceTimersByTime(1);
    expect(folder.news).toEqual(['+api -web']);
  });

  test('keeps its objects while its writer pauses between two of them', async () => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    const file = openSync(join(folder.path, 'shop.yaml'), 'w');
    for (const part of ['# both\n---\n', yaml(['api'], 81), '---\n', yaml(['web'], 81)]) {
      vi.advanceTimersByTime(149);
      writeSync(file, part);
      await folder.settled();
    }
    closeSync(file);
    await folder.seen.until(() => folder.port('web') === 81);
    expect(folder.news).toEqual(['+api +web']);
  });

  test('keeps its objects whatever part of it has been written', async () => {
    const text = (port: number) => {
      const endpoints = slice('api-1', 'api', ['10.0.0.1', '10.0.0.2']);
      return `${stringify({ ...endpoints, ports: [{ name: 'http', port }] })}---\n${yaml(['api', 'web'], port)}`;
    };
    folder.write('shop.yaml', text(80));
    stopTheClock();
    await folder.start();
    const file = openSync(join(folder.path, 'shop.yaml'), 'w');
    for (const [index, character] of [...text(81)].entries()) {
      writeSync(file, character);
      if (character === '\n' || index % 7 === 0) await folder.settled();
    }
    closeSync(file);
    await folder.seen.until(() => folder.port('web') === 81);
    expect(folder.news).toEqual(['+api +api-1 +web']);
  });

  test('may lose a port or an endpoint once it is left alone', async () => {
    const text = (addresses: readonly string[]) => `${stringify(slice('api-1', 'api', addresses))}`;
    folder.write('slice.yaml', text(['10.0.0.1', '10.0.0.2']));
    stopTheClock();
    await folder.start({ settleMs: 150 });
    folder.write('slice.yaml', text(['10.0.0.1']));
    await folder.settled();
    expect(folder.news).toEqual([]);
    vi.advanceTimersByTime(150);
    expect(folder.news).toEqual(['+api-1']);
  });

  test('is taken at last if it does not end its last line', async () => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    folder.write('shop.yaml', yaml(['api'], 81).trimEnd());
    await folder.settled();
    expect(folder.port('api')).toBe(80);
    vi.advanceTimersByTime(150);
    expect(folder.port('api')).toBe(81);
    expect(folder.services).toEqual(['api']);
  });

  test('is taken at once if it was renamed into place, whatever its end', async () => {
    stopTheClock();
    await folder.start();
    folder.replace('shop.yaml', yaml(['api'], 81).trimEnd());
    await folder.seen.until(() => folder.port('api') === 81);
  });
});

describe('an object that becomes wrong', () => {
  test('keeps its last good state, costs no other, and is mended', async () => {
    await folder.start();
    folder.write('shop.yaml', `${yaml(['api'], 99999)}---\n${yaml(['web'], 81)}`);
    await folder.seen.until(() => folder.port('web') === 81);
    expect(folder.port('api')).toBe(80);
    expect(folder.seen.sentences()).toEqual([
      'Service shop/api (shop.yaml:1): spec.ports[0].port is 99999. Write a whole number from 1 to 65535. Until then its last good state stays in force.',
    ]);
    folder.write('shop.yaml', yaml(['api', 'web'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.seen.sentences()).toEqual([]);
  });

  test('goes when it is no longer there', async () => {
    await folder.start();
    folder.write('shop.yaml', `${yaml(['api'], 99999)}---\n${yaml(['web'], 81)}`);
    await folder.seen.until(() => folder.port('web') === 81);
    folder.write('shop.yaml', yaml(['web'], 82));
    await folder.seen.until(() => folder.port('web') === 82);
    expect(folder.services).toEqual(['web']);
    expect(folder.seen.sentences()).toEqual([]);
  });
});

describe('the watched folder itself', () => {
  const LOST =
    /^folder .*manifests: It is not there, or is no folder, any more\. Make it again\. Until then the objects of the files that it was last seen to hold stay in force\.$/;

  test('keeps its objects in force while it is away, is told, and recovers', async () => {
    await folder.start();
    rmSync(folder.path, { recursive: true });
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    expect(folder.seen.sentences()).toEqual([expect.stringMatching(LOST)]);
    expect(folder.services).toEqual(['api', 'web']);

    mkdirSync(folder.path);
    folder.write('shop.yaml', yaml(['api', 'db']));
    await folder.seen.until(() => folder.services.includes('db'));
    expect(folder.services).toEqual(['api', 'db']);
    expect(folder.news).toEqual(['+db -web']);
    expect(folder.seen.sentences()).toEqual([]);

    folder.write('shop.yaml', yaml(['api', 'db'], 81));
    await folder.seen.until(() => folder.port('db') === 81);
  });

  test('keeps in force what it was last seen to hold: files that were deleted before it are gone', async () => {
    folder.write('db.yaml', yaml(['db']));
    await folder.start();
    folder.remove('db.yaml');
    await folder.seen.until(() => !folder.services.includes('db'));
    rmSync(folder.path, { recursive: true });
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    expect(folder.seen.sentences()).toEqual([expect.stringMatching(LOST)]);
    expect(folder.services).toEqual(['api', 'web']);
  });

  test('loses nothing by going away and coming back', async () => {
    await folder.start();
    renameSync(folder.path, join(folder.above, 'away'));
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    renameSync(join(folder.above, 'away'), folder.path);
    await folder.settled();
    expect(folder.news).toEqual([]);
    expect(folder.seen.sentences()).toEqual([]);
  });

  test('may be made anew file by file without losing an object for a moment', async () => {
    stopTheClock();
    await folder.start({ settleMs: 150 });
    renameSync(folder.path, join(folder.above, 'old'));
    mkdirSync(folder.path);
    const witness = new WatchedFolder();
    await witness.start();
    for (const [index, name] of ['web', 'api', 'db'].entries()) {
      // Far more turns of the event loop than it takes to deliver a change.
      for (let turn = 0; turn < 20; turn += 1) await witness.settled();
      vi.advanceTimersByTime(100);
      expect(folder.news).toEqual([]);
      folder.write(`${index}.yaml`, yaml([name]));
    }
    await witness.settled();
    await witness.close();
    for (let wait = 0; wait < 5; wait += 1) vi.advanceTimersByTime(150);
    expect(folder.news).toEqual(['+db']);
  });

  test('may be made anew many times in a row', async () => {
    await folder.start({ settleMs: 20 });
    const witness = new WatchedFolder();
    await witness.start();
    for (let port = 100; port < 150; port += 1) {
      rmSync(folder.path, { recursive: true });
      mkdirSync(folder.path);
      await witness.settled();
      folder.write('shop.yaml', yaml(['api'], port));
    }
    await witness.close();
    await folder.seen.until(() => folder.port('api') === 149);
  });

  test('may lose the folder above it too', async () => {
    await folder.start();
    rmSync(folder.above, { recursive: true });
    await folder.seen.until(() => folder.seen.sentences().length > 0);
    mkdirSync(folder.above);
    mkdirSync(folder.path);
    folder.write('shop.yaml', yaml(['api'], 81));
    await folder.seen.until(() => folder.port('api') === 81);
    expect(folder.services).toEqual(['api']);
  });
});
