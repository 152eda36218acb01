import type { Source } from '../source.ts';
import { type LastGoodOptions, LastGoodSource } from './last-good-source.ts';

export type { LastGoodOptions } from './last-good-source.ts';

/**
 * A source that can be started while it cannot be reached: what it says is saved in a file, and served from there, marked as
 * stale, until the source's first full sync. Without such a file nothing is served until then.
 *
 * Told origins are the inner source's, and `last good state: reading`, `… serving` and `… saving`.
 */
export function withLastGood(source: Source, options: LastGoodOptions): Source {
  return new LastGoodSource(source, options);
}
