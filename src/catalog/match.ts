import type { HeaderMatch } from './model.ts';
import { ANNOTATIONS } from './names.ts';

export type MatchReading =
  | { readonly match: HeaderMatch }
  | { readonly wrong: string; readonly advice: string }
  | undefined;

/** A header's name is a token (RFC 9110, section 5.6.2). */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** A header's value in visible characters and spaces (RFC 9110, section 5.5); Envoy compares it byte by byte. */
const VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** Bounds what one rule costs each request. */
const LONGEST = 512;

const ADVICE = 'Write NAME=VALUE with the name of a header and its whole value, such as x-user=alice.';

/** Reads `shunt.dev/match: name=value`. The value may contain `=`; spaces around name and value do not count. */
export function readMatch(text: string | undefined): MatchReading {
  if (text === undefined) return undefined;
  const quoted = `the annotation ${ANNOTATIONS.match} is ${JSON.stringify(text.slice(0, 80))}`;
  const equals = text.indexOf('=');
  if (equals === -1) return { wrong: `${quoted}, which has no =.`, advice: ADVICE };
  const header = text.slice(0, equals).trim().toLowerCase();
  const value = text.slice(equals + 1).trim();
  if (!TOKEN.test(header)) return { wrong: `${quoted}: ${JSON.stringify(header)} names no header.`, advice: ADVICE };
  if (header === 'host') {
    return { wrong: `${quoted}: a baseline is chosen by its host before any rule is read.`, advice: ADVICE };
  }
  if (!VALUE.test(value)) {
    return { wrong: `${quoted}: ${JSON.stringify(value)} is no header's value in printable ASCII.`, advice: ADVICE };
  }
  if (header.length + value.length > LONGEST) {
    return { wrong: `${quoted}…, longer than ${LONGEST} characters.`, advice: 'Choose a shorter name or value.' };
  }
  return { match: Object.freeze({ header, value }) };
}
