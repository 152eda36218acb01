import { EXPRESSION_ADVICE, readExpression } from './expression.ts';
import type { ConditionSource, PathCondition, ValueTest } from './model.ts';

/** Why a match is not taken: a sentence's end that quotes what is wrong, and what to write instead. */
export class MatchRefusal extends Error {
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

/** Of names of headers (RFC 9110, section 5.6.2), cookies (RFC 6265, section 4.1.1) and baggage members: a token. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** Of a query parameter, as it stands in the URL. */
const PARAMETER = /^[!"$%'-<>-~]+$/;

/** A header's value in visible characters and spaces (RFC 9110, section 5.5); Envoy compares it byte by byte. */
const VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** As in `shunt.dev/hosts`: the characters of RFC 3986, section 3.3. */
const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/;

const METHOD = /^[A-Z][A-Z0-9_-]{0,31}$/;

/** Of a name or value: bounds what one rule costs each request, and the programs that are made of them. */
const LONGEST: Readonly<Record<ConditionSource, number>> = { header: 512, query: 512, cookie: 128, baggage: 128 };

/** What ends a value and so is no part of it. */
const EXCLUDED: Readonly<Record<ConditionSource, string>> = { header: '', query: '&#', cookie: ';', baggage: ',;' };

export const TEST_KINDS = ['exact', 'prefix', 'suffix', 'contains', 'regex'] as const;
export const PATH_KINDS = ['exact', 'prefix', 'regex'] as const;

const WHAT: Readonly<Record<ConditionSource, string>> = {
  header: 'header',
  cookie: 'cookie',
  baggage: 'baggage member',
  query: 'query parameter',
};

/** @throws MatchRefusal */
export function readName(source: ConditionSource, text: string): string {
  const name = source === 'header' ? text.toLowerCase() : text;
  if (!(source === 'query' ? PARAMETER : TOKEN).test(name)) {
    throw new MatchRefusal(
      `${JSON.stringify(name)} names no ${WHAT[source]}.`,
      source === 'query'
        ? 'Write it as it stands in the URL.'
        : "Write letters, digits and any of !#$%&'*+-.^_`|~, without spaces.",
    );
  }
  if (name === 'host' && source === 'header') {
    throw new MatchRefusal('a baseline is chosen by its host before any rule is read.', 'Match something else.');
  }
  checkLength(source, name);
  return name;
}

/** @throws MatchRefusal */
export function readTest(
  source: ConditionSource,
  kind: (typeof TEST_KINDS)[number],
  value: string,
  ignoreCase: boolean,
): ValueTest {
  if (kind === 'regex') {
    const reading = readExpression(value, EXCLUDED[source]);
    if ('wrong' in reading) throw expressionRefusal(value, reading.wrong);
    return Object.freeze({ kind, value: reading.expression, ignoreCase });
  }
  if (!VALUE.test(value)) {
    throw new MatchRefusal(
      `${JSON.stringify(value)} is no ${WHAT[source]}'s value in printable ASCII.`,
      'Write at least one character, none of them a space at the beginning or end.',
    );
  }
  const outside = [...EXCLUDED[source]].find((each) => value.includes(each));
  if (outside !== undefined) {
    throw new MatchRefusal(
      `${JSON.stringify(value)} is no ${WHAT[source]}'s value, since ${outside} ends one.`,
      `Write it without ${outside}.`,
    );
  }
  checkLength(source, value);
  return Object.freeze({ kind, value, ignoreCase });
}

/** @throws MatchRefusal */
export function readPath(kind: PathCondition['kind'], text: string): PathCondition {
  if (kind === 'regex') {
    const reading = readExpression(text);
    if ('wrong' in reading) throw expressionRefusal(text, reading.wrong);
    return Object.freeze({ kind, value: reading.expression });
  }
  if (!PATH.test(text) || text.includes('//') || text.length > LONGEST.header) {
    throw new MatchRefusal(
      `${JSON.stringify(text.slice(0, 80))} is no path.`,
      `Write one that begins with /, has no query, no // and at most ${LONGEST.header} characters, such as /checkout.`,
    );
  }
  return Object.freeze({ kind, value: kind === 'prefix' && text !== '/' ? text.replace(/\/$/, '') : text });
}

/** @throws MatchRefusal */
export function readMethod(text: string): string {
  if (METHOD.test(text)) return text;
  throw new MatchRefusal(
    `${JSON.stringify(text)} is no method.`,
    'Write one, in upper case, such as POST; methods are told apart by case.',
  );
}

function checkLength(source: ConditionSource, text: string): void {
  if (text.length <= LONGEST[source]) return;
  throw new MatchRefusal(
    `${JSON.stringify(text.slice(0, 40))}… is longer than ${LONGEST[source]} characters.`,
    'Choose a shorter name or value.',
  );
}

function expressionRefusal(text: string, wrong: string): MatchRefusal {
  return new MatchRefusal(
    `the regex ${JSON.stringify(text.slice(0, 80))} is not accepted: ${wrong}.`,
    EXPRESSION_ADVICE,
  );
}
