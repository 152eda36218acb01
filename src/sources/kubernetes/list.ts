import type { Body } from './api.ts';
import { type Collection, requestPath, wholeObject } from './collection.ts';
import { parseObject, unreadable } from './json.ts';
import { type Entry, readEntry } from './store.ts';

/** Objects per page: what `kubectl` and client-go ask for. */
const PAGE = 500;

export interface List {
  readonly entries: readonly Entry[];
  /** From which a watch misses nothing. */
  readonly resourceVersion: string;
}

/**
 * Lists a collection page by page; the pages are of one state of the world. A resourceVersion is not asked for, so that the
 * list is never older than what a watch has already said.
 *
 * @throws RequestFailure if a page cannot be had, also 410 when the list took longer than the API server remembers: a list
 *     is whole or nothing.
 */
export async function readList(collection: Collection, get: (path: string) => Promise<Body>): Promise<List> {
  const entries: Entry[] = [];
  let token = '';
  for (;;) {
    const query = { limit: `${PAGE}`, ...(token === '' ? {} : { continue: token }) };
    const page = await readPage(collection, await get(requestPath(collection, query)));
    entries.push(...page.entries);
    if (page.token === '') return { entries, resourceVersion: page.resourceVersion };
    token = page.token;
  }
}

async function readPage(collection: Collection, body: Body): Promise<List & { readonly token: string }> {
  let text = '';
  for await (const piece of body) text += piece;
  const { metadata, items } = parseObject(text) as {
    metadata?: { resourceVersion?: unknown; continue?: unknown };
    items?: unknown;
  };
  if (typeof metadata?.resourceVersion !== 'string') throw unreadable(text);
  const entries: Entry[] = [];
  for (const item of Array.isArray(items) ? items : []) {
    const entry = readEntry(collection.kind, wholeObject(collection, item));
    if (entry === undefined) throw unreadable(JSON.stringify(item));
    entries.push(entry);
  }
  const token = typeof metadata.continue === 'string' ? metadata.continue : '';
  return { entries, token, resourceVersion: metadata.resourceVersion };
}
