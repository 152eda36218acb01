import { RE2JS } from 're2js';

/** Whether an expression of a rule matches a whole text, as an Envoy would have it: RE2's answer, in time linear in the text. */
export function matchesExpression(expression: string, text: string, ignoreCase: boolean): boolean {
  return RE2JS.compile(expression, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    .matcher(text)
    .matches();
}

/**
 * A text that an expression of a rule (see `readExpression`) likely matches: of each alternative the first, of each class
 * the first character, each repetition as rarely as it may be. To be checked with `matchesExpression`.
 */
export function sampleOf(expression: string): string {
  return new Sampler(expression).alternatives();
}

const CHARACTERS = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).sort(
  (a, b) => Number(/[^a-z0-9]/.test(a)) - Number(/[^a-z0-9]/.test(b)),
);

class Sampler {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  alternatives(): string {
    const first = this.#sequence();
    while (this.#text[this.#at] === '|') {
      this.#at++;
      this.#sequence();
    }
    return first;
  }

  #sequence(): string {
    let sample = '';
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      const atom = this.#atom();
      sample += atom.repeat(this.#leastRepetitions());
    }
    return sample;
  }

  #atom(): string {
    const start = this.#at;
    switch (this.#text[this.#at++]) {
      case '(': {
        if (this.#text.startsWith('?:', this.#at)) this.#at += 2;
        const sample = this.alternatives();
        this.#at++;
        return sample;
      }
      case '[':
        while (this.#text[this.#at] !== ']' && this.#at < this.#text.length) {
          this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
        }
        this.#at++;
        break;
      case '\\':
        this.#at++;
        break;
      default:
    }
    const single = RE2JS.compile(this.#text.slice(start, this.#at));
    return CHARACTERS.find((each) => single.matcher(each).matches()) ?? ' ';
  }

  #leastRepetitions(): number {
    const [written, count] = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(this.#text.slice(this.#at)) ?? [''];
    this.#at += written.length;
    if (written === '' || written.startsWith('+')) return 1;
    return Number(count ?? 0);
  }
}
