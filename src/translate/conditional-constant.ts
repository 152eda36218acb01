import { encode, struct } from '../protos/index.ts';

/** How `header_to_metadata` is to read what `constant` and `substitution` write: as a Value's bytes. */
export const ENCODED = { type: 'PROTOBUF_VALUE', encode: 'BASE64' } as const;

/**
 * Named texts, as the value of a rule of `header_to_metadata`; `%DYNAMIC_METADATA(space:key:name)%` is one of them.
 */
export function constant(texts: Readonly<Record<string, string>>): string {
  return bytesOf(texts).toString('base64').replaceAll('=', '');
}

/**
 * The same as a substitution that writes them where the expression's group 1 holds a letter or digit, one and no more, and
 * nothing where it holds nothing. A substitution always writes its own text, whatever the groups hold, and Envoy leaves out
 * only what is empty or not readable: so this one is in base64 and has the letter in its midst, without which it is of no
 * possible length.
 */
export function substitution(texts: Readonly<Record<string, string>>): string {
  for (let length = SHORTEST_FILLING; ; length++) {
    const filling = FILLING.repeat(length);
    const bytes = bytesOf({ ...texts, filling });
    // Base64 of 4n + 1 characters stands for no bytes; Envoy does not ask for the padding.
    if (bytes.length % 3 !== 1) continue;
    const start = bytes.indexOf(filling);
    const last = start + 2 - (start % 3);
    // The third byte of a group ends in the whole of the fourth character.
    const at = ((last - 2) / 3) * 4 + 3;
    const text = bytes.toString('base64').replaceAll('=', '');
    return `${text.slice(0, at)}\\1${text.slice(at + 1)}`;
  }
}

/** Whatever its last six bits are, it is a character of ASCII. */
const FILLING = '@';

/** One of three bytes is the third of its group. */
const SHORTEST_FILLING = 3;

function bytesOf(texts: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(encode('google.protobuf.Value', { structValue: struct(texts) }));
}
