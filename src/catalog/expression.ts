/**
 * The regular expressions that a rule may have. Envoy compiles them with RE2, which is not at hand here, and refuses a whole
 * RouteConfiguration for a single bad one. So this reads a part of RE2's syntax that is surely taken, and nothing else.
 */

export type ExpressionReading = { readonly expression: string } | { readonly wrong: string };

export const EXPRESSION_ADVICE =
  'Accepted are characters, ., classes such as [a-z], [^0-9], \\d, \\w and \\s, groups ( ) and (?: ), |, and the repetitions ' +
  '*, +, ?, {n}, {n,} and {n,m}; a special character is itself after \\.';

const LONGEST = 200;
const MOST_REPETITIONS = 50;

/**
 * In the instructions of a compiled program, estimated from above. The gateways' bootstrap permits 1,000 in all, of which
 * the name of a member and what may stand around it take a part (`re2.max_program_size.error_level`).
 */
const LARGEST = 500;

/** Instructions for any character, and for one of the classes of ASCII: ranges, and branches between them. */
const CLASS_SIZE = 5;

/** What a \ makes a plain character. */
const PUNCTUATION = /[!-/:-@[-`{-~]/;

/**
 * Reads an expression that stands for a whole value, so `^` at its beginning and `$` at its end say nothing and are taken
 * off.
 *
 * @param excluded characters that no such value contains since they end it, such as `,` in a list. What comes out never
 *   matches them, so it does not reach beyond the value either.
 */
export function readExpression(text: string, excluded = ''): ExpressionReading {
  if (text.length > LONGEST) return { wrong: `it is longer than ${LONGEST} characters` };
  if (!/^[\x20-\x7e]+$/.test(text)) return { wrong: 'it is not made of printable ASCII' };
  const end = /(^|[^\\])(\\\\)*\$$/.test(text) ? -1 : undefined;
  const inner = text.slice(text.startsWith('^') ? 1 : 0, end);
  if (inner === '') return { wrong: 'it is empty' };
  const reader = new ExpressionReader(inner, excluded);
  try {
    return { expression: reader.read() };
  } catch (error) {
    if (error instanceof Unaccepted) return { wrong: error.message };
    throw error;
  }
}

class Unaccepted extends Error {}

/** By recursive descent; each step appends to the output and gives the size of what it read. */
class ExpressionReader {
  readonly #text: string;
  readonly #excluded: string;
  #at = 0;
  #out = '';

  constructor(text: string, excluded: string) {
    this.#text = text;
    this.#excluded = excluded;
  }

  read(): string {
    const size = this.#alternatives();
    if (this.#at < this.#text.length) throw new Unaccepted('it has a ) without its (');
    if (size > LARGEST) throw new Unaccepted('it is too large, repetitions counted');
    return this.#out;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  /** Takes a text if it comes next, and writes it. */
  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    this.#out += text;
    return true;
  }

  #alternatives(): number {
    let size = this.#sequence();
    while (this.#take('|')) size += 1 + this.#sequence();
    return size;
  }

  #sequence(): number {
    let size = 1;
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const atom = this.#atom();
      const times = this.#repetitions();
      // Each repetition has a branch of its own.
      if (times !== undefined) size += (atom + 1) * times;
      else size += atom;
    }
    return size;
  }

  /** How often what was read last comes at most, as far as the program holds it more than once. */
  #repetitions(): number | undefined {
    const [written, count, last] = /^(?:[*+?]|\{(\d{1,4})(?:,(\d{0,4}))?\})\??/.exec(this.#text.slice(this.#at)) ?? [
      '',
    ];
    if (written === '') return undefined;
    this.#take(written);
    const [least, most] = [Number(count ?? 1), Number(last || (count ?? 1))];
    if (most > MOST_REPETITIONS) throw new Unaccepted(`${written} repeats more than ${MOST_REPETITIONS} times`);
    if (least > most) throw new Unaccepted(`${written} repeats from more to fewer times`);
    if (/^[*+?{]/.test(this.#peek())) throw new Unaccepted(`${written}${this.#peek()} repeats a repetition`);
    return Math.max(least, most, 1);
  }

  #atom(): number {
    const next = this.#peek();
    if (next === '(') return this.#group();
    if (next === '[') return this.#class();
    if (next === '\\') return this.#escape();
    if (next === '.') {
      this.#at++;
      this.#out += this.#excluded === '' ? '.' : `[^${this.#excluded}]`;
      return CLASS_SIZE;
    }
    if (/[*+?{]/.test(next)) throw new Unaccepted(`${next} has nothing to repeat, or is no repetition`);
    if (/[\]}]/.test(next)) throw new Unaccepted(`it has a ${next} without its beginning`);
    if (/[$^]/.test(next))
      throw new Unaccepted(`${next} stands in the middle, while the whole value is matched anyway`);
    this.#outside(next, next);
    this.#take(next);
    return 1;
  }

  #group(): number {
    if (!this.#take('(?:')) {
      if (this.#text.startsWith('(?', this.#at)) {
        const written = this.#text.slice(this.#at, this.#at + 3);
        throw new Unaccepted(`${written} is a lookaround, a flag or a name, which are not accepted`);
      }
      this.#take('(');
    }
    const size = this.#alternatives();
    if (!this.#take(')')) throw new Unaccepted('it has a ( without its )');
    return size + 2;
  }

  #escape(): number {
    const letter = this.#text.charAt(this.#at + 1);
    if (/[dws]/.test(letter)) {
      this.#take(`\\${letter}`);
      return CLASS_SIZE;
    }
    if (/[DWS]/.test(letter)) {
      this.#at += 2;
      this.#out += `[^\\${letter.toLowerCase()}${this.#excluded}]`;
      return 2 * CLASS_SIZE;
    }
    if (/[1-9]/.test(letter)) throw new Unaccepted(`\\${letter} is a backreference, which RE2 has not`);
    if (!PUNCTUATION.test(letter)) throw new Unaccepted(`\\${letter} is not accepted`);
    this.#outside(letter, letter);
    this.#take(`\\${letter}`);
    return 1;
  }

  /** Negated ones exclude what ends the value too; others are checked not to contain it. */
  #class(): number {
    const negated = this.#take('[^');
    if (!negated) this.#take('[');
    let items = 0;
    let size = 0;
    while (this.#peek() !== ']') {
      if (this.#at >= this.#text.length) throw new Unaccepted('it has a [ without its ]');
      const from = this.#classItem(items++ === 0);
      let to = from;
      if (this.#peek() === '-' && this.#text.charAt(this.#at + 1) !== ']') {
        this.#take('-');
        to = this.#classItem(false);
        if (from === undefined || to === undefined || from > to) throw new Unaccepted('it has a range that is none');
      }
      if (!negated && from !== undefined) this.#outside(from, to!);
      size += from === undefined ? CLASS_SIZE : 2;
    }
    if (items === 0) throw new Unaccepted('it has an empty class');
    if (negated) this.#out += this.#excluded;
    this.#take(']');
    return size + (negated ? CLASS_SIZE : 0);
  }

  #outside(from: string, to: string): void {
    const within = [...this.#excluded].find((each) => from <= each && each <= to);
    if (within !== undefined) throw new Unaccepted(`no such value contains ${JSON.stringify(within)}`);
  }

  /** A character of a class, undefined if it is a class of characters itself. */
  #classItem(first: boolean): string | undefined {
    const next = this.#peek();
    if (next === '\\') {
      const letter = this.#text.charAt(this.#at + 1);
      if (/[dws]/.test(letter)) return void this.#take(`\\${letter}`);
      if (!PUNCTUATION.test(letter)) throw new Unaccepted(`\\${letter} is not accepted in a class`);
      this.#take(`\\${letter}`);
      return letter;
    }
    if (next === '[' || (next === '^' && first)) throw new Unaccepted(`${next} in a class has to be written \\${next}`);
    if (next === '-' && !first && this.#text.charAt(this.#at + 1) !== ']') {
      throw new Unaccepted('- in the middle of a class has to be written \\-');
    }
    this.#at++;
    // What is appended to a class must not make a range of it.
    this.#out += next === '-' ? '\\-' : next;
    return next;
  }
}
