/** So many characters of a text that a line has to share with others. */
export const SHORT = 63;

/** So many of one that has a line for itself. */
export const LONG = 500;

/**
 * A text of unknown origin as a terminal may show it: what would move the cursor, colour, hide or turn round the text around
 * it is written as an escape, and what is too long is cut.
 *
 * @param longest in characters.
 */
export function printable(text: string, longest: number = LONG): string {
  const characters = [...text.slice(0, 2 * longest + 2)];
  const cut = characters.length > longest;
  const shown = characters.slice(0, cut ? longest - 1 : longest).map((character) => {
    return isUnsafe(character) ? escaped(character) : character;
  });
  return shown.join('') + (cut ? '…' : '');
}

/** JSON whose texts do the same, and mean what they meant. */
export function printableJson(json: string): string {
  return json.replaceAll(UNSAFE, (character) =>
    character === '\n' ? character : [...Array(character.length).keys()].map((at) => unit(character, at)).join(''),
  );
}

// Control, format (which holds the bidirectional overrides), lone halves of pairs, private and unassigned characters, and
// the separators of lines and paragraphs.
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

function isUnsafe(character: string): boolean {
  return character.search(UNSAFE) >= 0;
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** A code unit as JSON and YAML escape it. */
function unit(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
}
