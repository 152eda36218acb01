import { escapeRegex } from './regex.ts';

/** A key, as a carrier may hold it (see `isKey`); a little wider, since a wrong key names no preview. */
export const KEY = '[a-z0-9][a-z0-9.-]*';

/** The beginning of a member of W3C `baggage`, up to its value. */
export function memberStart(name: string): string {
  return memberStartOf(escapeRegex(name));
}

/** @param name an expression. */
export function memberStartOf(name: string): string {
  return `[ \\t]*${name}[ \\t]*=`;
}
