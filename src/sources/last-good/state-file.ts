import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { decodeState, encodeState, type SavedState } from './format.ts';

/** The most that a file may hold, in bytes: ten times the objects of a cluster at the limits that Kubernetes is tested with. */
export const MOST_BYTES = 512 * 1024 * 1024;

/**
 * @param scope of which the state is to be.
 * @returns undefined if there is no such file.
 * @throws a sentence on why the file cannot be used, as the end of one that names it.
 */
export async function readState(path: string, scope: string): Promise<SavedState | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, and at most ${MOST_BYTES} are read`);
    return decodeState(await readFile(path, 'utf8'), scope);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Puts the state in the file's place at once and whole: what was there stays until then, and if that cannot be done. Pauses
 * now and then, so that requests are answered meanwhile.
 *
 * @throws what the file system says, or that it is too much.
 */
export async function writeState(path: string, state: SavedState): Promise<void> {
  const staged = `${path}.new`;
  try {
    const file = await open(staged, 'w', 0o600);
    try {
      await writeAll(file, state);
      // Else a machine that fails may keep the new name and not the bytes.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(staged, path);
  } catch (error) {
    await rm(staged, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeAll(file: FileHandle, state: SavedState): Promise<void> {
  let bytes = 0;
  for (const piece of encodeState(state)) {
    bytes += Buffer.byteLength(piece);
    if (bytes > MOST_BYTES) throw new Error(`it takes more than ${MOST_BYTES} bytes`);
    await file.writeFile(piece);
    await setImmediate();
  }
}
