import { type Document, isAlias, isMap, isSeq, LineCounter, type Node } from 'yaml';
import type { Problem } from '../../problems.ts';
import { documentValue, readDocuments, UnreadableText } from './documents.ts';
import { isMapping } from './fields.ts';
import { type ObjectReading, readObject } from './object.ts';

/**
 * What a file says. `unreadable` means that nothing is known of what it should hold (broken syntax, a file half written);
 * a readable file may still hold objects that are wrong, each of which says so itself. `empty` is one that says nothing,
 * comments aside, as a file does whose writer has not begun.
 */
export type ManifestReading =
  | { readonly kind: 'readable'; readonly objects: readonly ObjectReading[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'unreadable'; readonly problem: Problem };

/**
 * Reads the text of a YAML or JSON file: several documents, and lists of objects within them. Objects come in file order;
 * those of other kinds than Shunt's are left out.
 *
 * @param file its name in messages and places (`file:line`).
 */
export function readManifest(text: string, file: string): ManifestReading {
  const lines = new LineCounter();
  const objects: ObjectReading[] = [];
  let empty = true;
  const placeAt = (offset: number) => `${file}:${Math.max(1, lines.linePos(offset).line)}`;
  try {
    for (const document of readDocuments(text, lines)) {
      const value = documentValue(document);
      empty &&= value === null || value === undefined;
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        throw noManifest(document);
      if (Array.isArray(value) && value.some(looksLikeObject)) throw listOfObjects(document);
      for (const [object, offset] of objectsIn(value, document.contents, document.range[0], undefined)) {
        const reading = readObject(object, placeAt(offset));
        if (reading.ref !== undefined || reading.problems.length > 0) objects.push(reading);
      }
    }
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    return { kind: 'unreadable', problem: unreadable(file, placeAt(error.offset), error.message, error.advice) };
  }
  return empty ? { kind: 'empty' } : { kind: 'readable', objects };
}

/** The problem of a file that cannot be read as a whole. */
export function unreadable(file: string, place: string, message: string, advice: string): Problem {
  return { code: 'manifest-unreadable', object: file, place, message, advice };
}

const LISTS: ReadonlyMap<unknown, { readonly apiVersion: string; readonly kind: string } | undefined> = new Map([
  ['List', undefined],
  ['ServiceList', { apiVersion: 'v1', kind: 'Service' }],
  ['PodList', { apiVersion: 'v1', kind: 'Pod' }],
  ['EndpointSliceList', { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }],
]);

/** Each object with the offset at which it begins. Items of a typed list need not name their type, as in API responses. */
function* objectsIn(
  value: unknown,
  node: Node | null,
  offset: number,
  type: { readonly apiVersion: string; readonly kind: string } | undefined,
): Generator<[object: unknown, offset: number]> {
  if (!isMapping(value)) return;
  if (!LISTS.has(value.kind)) {
    yield [type === undefined ? value : { ...type, ...value }, node?.range?.[0] ?? offset];
    return;
  }
  const items = isMap(node) ? node.get('items', true) : undefined;
  const nodes = isSeq(items) ? items.items : [];
  for (const [index, item] of (Array.isArray(value.items) ? value.items : []).entries()) {
    const at = nodes[index] as Node | undefined;
    yield* objectsIn(item, isAlias(at) ? null : (at ?? null), at?.range?.[0] ?? offset, LISTS.get(value.kind));
  }
}

function looksLikeObject(value: unknown): boolean {
  return isMapping(value) && ('kind' in value || 'apiVersion' in value);
}

function listOfObjects(document: Document.Parsed): UnreadableText {
  const advice = 'Write `---` between the objects, or `kind: List` and the list under `items:`.';
  return new UnreadableText('It holds a list where an object should be.', advice, contentOffset(document));
}

/** A word alone is what a half-written file can look like (`apiVers`), and no manifest is one. */
function noManifest(document: Document.Parsed): UnreadableText {
  const message = 'It holds bare text where an object should be.';
  return new UnreadableText(message, 'Write `name: value` lines.', contentOffset(document));
}

function contentOffset({ contents, range }: Document.Parsed): number {
  return contents?.range[0] ?? range[0];
}
