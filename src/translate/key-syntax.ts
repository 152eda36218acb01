import { escapeRegex } from './regex.ts';

/** A key, as a carrier may hold it (see `isKey`); a little wider, since a wrong key names no preview. */
export const KEY = '[a-z0-9][a-z0-9.-]*';

/** All texts that are none, and no others. */
export const NO_KEY = '^(?:[^a-z0-9].*|.*[^a-z0-9.-].*)$';

/** A key, with a letter or digit as a group. */
export const KEY_BY_LETTER = '([a-z0-9])[a-z0-9.-]*';

/** The beginning of a member of W3C `baggage`, up to its value. */
export function memberStart(name: string): string {
  return memberStartOf(escapeRegex(name));
}

/** @param name an expression. */
export function memberStartOf(name: string): string {
  return `[ \\t]*${name}[ \\t]*=`;
}

/**
 * All members of a list that begin so: those at the list's beginning with what separates them from the rest, others with
 * what is ahead.
 *
 * @param separators what members may end with.
 */
export function anyMember(start: string, separators: string): string {
  const member = `${start}[^${separators}]*`;
  return `^(?:${member}(?:[${separators}][ \\t]*)?)+|[${separators}]${member}`;
}
