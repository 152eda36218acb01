import type { Source } from '../source.ts';
import { type DirectoryOptions, DirectorySource } from './directory-source.ts';
import { FileSource } from './file-source.ts';

export type { DirectoryOptions };

/**
 * A folder of manifests, and the folders in it, as a source: `.yaml`, `.yml` and `.json` files. A change is in force as
 * soon as it is written; where a file that is written in place lacks an object, a port or an endpoint that it had, as soon
 * as it has been left alone for a while, since its writer may not have come to it. A file that cannot be read, or is
 * empty, keeps its last good state in force.
 *
 * Told origins are `file PATH`, with the path inside the folder, and `folder`.
 */
export function directorySource(path: string, options: DirectoryOptions = {}): Source {
  return new DirectorySource(path, options);
}

/**
 * Manifests as they are now, in files and folders, read once. Problems stand at the paths as they are given here.
 *
 * Told origins are `file PATH`.
 */
export function fileSource(paths: readonly string[]): Source {
  return new FileSource(paths);
}
