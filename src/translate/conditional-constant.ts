import { encode, struct } from '../protos/index.ts';

/** How `header_to_metadata` is to read what `constant` and `substitution` write: as a Value's bytes. */
export const ENCODED = { type: 'PROTOBUF_VALUE', encode: 'BASE64' } as const;

/**
 * Named texts, as the value of a rule of `header_to_metadata`; `%DYNAMIC_METADATA(space:key:name)%` is one of them.
 */
export function constant(texts: Readonly<Record<string, string>>): string {
  return encoded(texts, '');
}

/**
 * The same as a substitution that writes them where the expression's group 1 holds the letter, and nothing where it holds
 * nothing. A substitution always writes its own text, whatever the groups hold, and Envoy leaves out only what is empty or
 * not readable: so this one is in base64 and has the letter in its midst, without which it is of no possible length.
 *
 * @param letter a letter or digit.
 */
export function substitution(texts: Readonly<Record<string, string>>, letter: string): string {
  for (let filling = ''; ; filling += ' ') {
    const text = encoded(texts, filling);
    const at = text.indexOf(letter);
    // Base64 of 4n + 1 characters stands for no bytes; Envoy does not ask for the padding.
    if (at >= 0 && text.length % 4 === 2) return `${text.slice(0, at)}\\1${text.slice(at + 1)}`;
    if (filling.length > LONGEST_FILLING) throw new Error(`${JSON.stringify(letter)} is no letter or digit.`);
  }
}

/** Every letter and digit is found with less. */
const LONGEST_FILLING = 200;

function encoded(texts: Readonly<Record<string, string>>, filling: string): string {
  // The filling counts up, so that its base64 has all letters soon.
  const digits = Array.from(filling, (_, index) => String.fromCharCode(0x20 + ((index * 37) % 95))).join('');
  const fields = filling === '' ? texts : { ...texts, filling: digits };
  const bytes = encode('google.protobuf.Value', { structValue: struct(fields) });
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}
