import { constants, readFileSync, type Stats } from 'node:fs';
import type { Problem } from '../../problems.ts';
import { MAX_MANIFEST_BYTES, unreadable } from '../manifests/index.ts';

export type Content =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly problem: Problem };

/**
 * The text of a file.
 *
 * @param file its name in messages.
 * @param stats what was last seen of it, unless that was forbidden.
 */
export function readContent(path: string, file: string, stats: Stats | undefined): Content {
  const failed = (message: string, advice: string): Content => ({
    kind: 'failed',
    problem: unreadable(file, file, message, advice),
  });
  if (stats !== undefined && stats.size > MAX_MANIFEST_BYTES) {
    return failed(
      `It holds ${stats.size} bytes, more than the ${MAX_MANIFEST_BYTES} that are read.`,
      'Split it into several files.',
    );
  }
  try {
    // Not blocking: should a FIFO have taken the file's place, nobody waits for its writer.
    const bytes = readFileSync(path, { flag: constants.O_RDONLY | constants.O_NONBLOCK });
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return failed('It is not UTF-8 text.', 'Save it in the encoding UTF-8.');
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'gone' };
    if (code === 'EACCES' || code === 'EPERM') {
      return failed(`It may not be read (${code}).`, 'Give the user that Shunt runs as permission to read it.');
    }
    return failed(`It cannot be read (${message}).`, 'Make it readable.');
  }
}
