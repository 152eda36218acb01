import type { ObjectRef, SourceKind } from '../source.ts';
import { RequestFailure, refusal } from './failure.ts';
import { parseObject, unreadable } from './json.ts';
import { type Entry, readEntry } from './store.ts';

export type WatchEvent = (
  | { readonly type: 'put'; readonly entry: Entry }
  | { readonly type: 'remove'; readonly ref: ObjectRef }
  | { readonly type: 'bookmark' }
) & { readonly resourceVersion: string };

/**
 * Reads one line of a watch.
 *
 * @throws RequestFailure for an ERROR event, whose Status says what a refused request's would, and for an unreadable line.
 */
export function readWatchEvent(kind: SourceKind, line: string): WatchEvent {
  const { type, object } = parseObject(line);
  if (type === 'ERROR') {
    const { code, details } = (object ?? {}) as { code?: number; details?: { retryAfterSeconds?: number } };
    throw new RequestFailure(refusal(code ?? 500, object, details?.retryAfterSeconds));
  }
  const resourceVersion = (object as { metadata?: { resourceVersion?: unknown } } | undefined)?.metadata
    ?.resourceVersion;
  if (typeof resourceVersion !== 'string') throw unreadable(line);
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  const entry = readEntry(kind, object);
  if (entry === undefined) throw unreadable(line);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'put', entry, resourceVersion };
    case 'DELETED':
      return { type: 'remove', ref: entry.ref, resourceVersion };
    default:
      throw unreadable(line);
  }
}
