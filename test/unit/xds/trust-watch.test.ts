import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CertificateTiming, CertificateWatch } from '../../../src/xds/trust/certificate-watch.ts';
import { PathWatch } from '../../../src/xds/trust/path-watch.ts';
import { MountedSecret } from '../../support/certificate-folder.ts';
import { Authority, noCertificates, type Pair } from '../../support/certificates.ts';
import { History } from '../../support/history.ts';

/** Never looks but when told of a change. */
const TOLD: CertificateTiming = { lookMs: 1e9, patienceMs: 1 };
/** Looks all the time. */
const LOOKING: CertificateTiming = { lookMs: 5, patienceMs: 1 };

describe.skipIf(noCertificates !== undefined)('certificate files that are watched', () => {
  let authority: Authority;
  let first: Pair;
  let second: Pair;
  let folder: string;
  let files: { certificate: string; key: string; ca: string };
  let watch: CertificateWatch | undefined;
  let happened: History<string>;

  beforeAll(() => {
    authority = new Authority('ca');
    first = authority.issue({ names: ['DNS:first'] });
    second = authority.issue({ names: ['DNS:second'] });
  });
  afterAll(() => authority?.delete());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shunt-certificates-'));
    files = filesIn(folder);
    write(first);
  });
  afterEach(() => {
    watch?.close();
    rmSync(folder, { recursive: true });
  });

  const filesIn = (path: string) => ({
    certificate: join(path, 'tls.crt'),
    key: join(path, 'tls.key'),
    ca: join(path, 'ca.crt'),
  });
  const write = (pair: Pair, into = files) => {
    writeFileSync(into.certificate, pair.certificate);
    writeFileSync(into.key, pair.key);
    writeFileSync(into.ca, authority.certificate);
  };
  /** Watches, and keeps what happens as words: `changed`, `mended`, or what failed. */
  const watchWith = (history: History<string>, timing: CertificateTiming, watched = files) =>
    new CertificateWatch(
      watched,
      {
        changed: () => history.add('changed'),
        failed: (sentence) => history.add(sentence.replaceAll(`${folder}/`, '')),
        mended: () => history.add('mended'),
      },
      timing,
    );
  /** Likewise, and has looked at the files once: what is seen after this was told of, or looked for. */
  const start = async (timing: CertificateTiming, watched = files) => {
    happened = new History();
    watch = watchWith(happened, timing, watched);
    await new Promise((resolve) => setImmediate(resolve));
    return watch;
  };
  const next = (what: string, from = 0) => happened.first((each) => each === what, from);
  const inForce = () => watch!.current.certificate.toString();

  test('have to be good at the start', async () => {
    writeFileSync(files.key, second.key);
    await expect(start(TOLD)).rejects.toThrow('is not that of the certificate');
  });

  test('are in force anew when they are written in place', async () => {
    await start(TOLD);
    const changed = next('changed');
    write(second);
    await changed;
    expect(inForce()).toBe(second.certificate);
  });

  test('are in force anew when others are moved to where they are', async () => {
    await start(TOLD);
    const changed = next('changed');
    const beside = join(folder, 'beside');
    mkdirSync(beside);
    write(second, filesIn(beside));
    renameSync(filesIn(beside).certificate, files.certificate);
    renameSync(filesIn(beside).key, files.key);
    await changed;
    expect(inForce()).toBe(second.certificate);
  });

  test('are in force anew each time when Kubernetes exchanges a mounted Secret', async () => {
    const secret = new MountedSecret({ ...first, ca: authority.certificate });
    try {
      await start(TOLD, secret.files);
      for (const pair of [second, first, second, first]) {
        const changed = next('changed', happened.all.length);
        secret.replace(pair);
        await changed;
        expect(inForce()).toBe(pair.certificate);
      }
      expect(new Set(happened.all)).toEqual(new Set(['changed']));
    } finally {
      secret.delete();
    }
  });

  test('are in force anew when a link on their path comes to lead elsewhere', async () => {
    const [before, after, link] = ['before', 'after', 'link'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [before, after]) mkdirSync(path);
    write(first, filesIn(before));
    write(second, filesIn(after));
    symlinkSync('before', link);
    await start(TOLD, filesIn(link));
    const changed = next('changed');
    symlinkSync('after', `${link}.new`);
    renameSync(`${link}.new`, link);
    await changed;
    expect(inForce()).toBe(second.certificate);
    const again = next('changed', happened.all.length);
    write(first, filesIn(after));
    await again;
    expect(inForce()).toBe(first.certificate);
  });

  test('are in force anew where only the CA changes', async () => {
    await start(TOLD);
    const changed = next('changed');
    const other = new Authority('other');
    writeFileSync(files.ca, authority.certificate + other.certificate);
    other.delete();
    await changed;
    expect(watch!.current.ca!.toString()).toContain(authority.certificate);
  });

  test('are noticed where the system tells of no change: their folder is another one', async () => {
    await start(LOOKING);
    const changed = next('changed');
    renameSync(folder, `${folder}.old`);
    mkdirSync(folder);
    write(second);
    await changed;
    rmSync(`${folder}.old`, { recursive: true });
    expect(inForce()).toBe(second.certificate);
  });

  test('are watched in another folder, once one has looked at that', async () => {
    const told = new History<string>();
    const paths = new PathWatch([files.certificate], () => told.add('changed'));
    try {
      renameSync(folder, `${folder}.old`);
      mkdirSync(folder);
      paths.arm();
      write(second);
      await told.first(() => true);
      rmSync(`${folder}.old`, { recursive: true });
    } finally {
      paths.close();
    }
  });

  describe('that become bad', () => {
    const sentence = 'The key "tls.key" is not that of the certificate "tls.crt". What was read before stays in force.';

    test('leave the last good ones in force, which is said, and said again when it is over', async () => {
      await start(TOLD);
      writeFileSync(files.key, second.key);
      await next(sentence);
      expect(inForce()).toBe(first.certificate);
      writeFileSync(files.certificate, second.certificate);
      await next('mended');
      expect(inForce()).toBe(second.certificate);
      expect(happened.all).toEqual([sentence, 'changed', 'mended']);
    });

    test('are mended too when they become what they were', async () => {
      await start(TOLD);
      writeFileSync(files.key, second.key);
      await next(sentence);
      writeFileSync(files.key, first.key);
      await next('mended');
      expect(happened.all).toEqual([sentence, 'mended']);
    });

    describe('as time passes', () => {
      beforeEach(() => {
        vi.useFakeTimers();
        happened = new History();
        watch = watchWith(happened, { lookMs: 100, patienceMs: 1_000 });
      });
      afterEach(() => {
        vi.useRealTimers();
      });

      test('are not told of again, however often one looks', () => {
        writeFileSync(files.key, second.key);
        vi.advanceTimersByTime(60_000);
        expect(happened.all).toEqual([sentence]);
        rmSync(files.key);
        vi.advanceTimersByTime(60_000);
        const broken = 'The key "tls.key" does not exist. What was read before stays in force.';
        expect(happened.all).toEqual([sentence, broken]);
        write(second);
        vi.advanceTimersByTime(60_000);
        expect(happened.all).toEqual([sentence, broken, 'changed', 'mended']);
      });

      test('are not told of where that was only on the way to other good ones', () => {
        writeFileSync(files.key, second.key);
        vi.advanceTimersByTime(900);
        writeFileSync(files.certificate, second.certificate);
        vi.advanceTimersByTime(60_000);
        expect(happened.all).toEqual(['changed']);
      });

      test('are given the same time again after they were good', () => {
        for (const pair of [second, first, second]) {
          writeFileSync(files.key, pair.key);
          vi.advanceTimersByTime(900);
          write(pair);
          vi.advanceTimersByTime(100);
        }
        expect(happened.all).toEqual(['changed', 'changed', 'changed']);
        writeFileSync(files.key, first.key);
        vi.advanceTimersByTime(60_000);
        expect(happened.all.slice(3)).toEqual([sentence]);
      });
    });
  });

  test('that have expired are in force, and that is said', async () => {
    const expired = authority.issue({ names: ['DNS:old'], days: -1 });
    write(expired);
    await start(TOLD);
    expect(inForce()).toBe(expired.certificate);
    const said = await happened.first(() => true);
    expect(said).toMatch(/^The certificate "tls\.crt" expired on \d{4}-\d\d-\d\dT[0-9:.]+Z\.$/);
    write(first);
    await next('mended');
  });

  test('are left alone once nobody watches', async () => {
    const others = new History<string>();
    const other = watchWith(others, LOOKING);
    (await start(LOOKING)).close();
    write(second);
    await others.first((what) => what === 'changed');
    other.close();
    expect(inForce()).toBe(first.certificate);
    expect(happened.all).toEqual([]);
  });
});
