import type { Resource } from '../resources/index.ts';
import type { NamedVersion, Refusal } from './protocol.ts';

/** Resources by name, or undefined where the name is to be removed or has no resource. */
export type Items = ReadonlyMap<string, Resource | undefined>;

/** What a response says: all of `resources`, of which `items` are new to the client or were asked for. */
export interface Content {
  readonly version: string;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  /** Names that the client asked for, and that are answered with an empty entry: there is no such resource. */
  readonly unknown: readonly string[];
  /** Those that are no items, and may be another version than the client has now: it refused one, and may have taken it. */
  readonly reverted: readonly Resource[];
}

/** How a client answered the response that was in flight. */
export interface Answer {
  readonly changes: readonly NamedVersion[];
  readonly refused?: { readonly error: Refusal; readonly again: boolean };
}

/** What a client holds under a name: the resource, unless it came with a version that is none of today's. */
export type Held = Resource | { readonly version: string };

/**
 * What the types that refer to one were told on its stream before it was first asked for: nothing, since they are not
 * asked for here or have streams of their own; nothing new; or something.
 */
export type Referrers = 'absent' | 'elsewhere' | 'unchanged' | 'changed';
