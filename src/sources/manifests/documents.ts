import { Composer, type Document, Lexer, type LineCounter, Parser } from 'yaml';

/**
 * Bounds on one file, far above any real folder of manifests, so that no file can take the process with it. Measured with
 * yaml 2.9: 4 million tokens cost up to 1 GB for the moment; keys of one mapping are compared with each other, each with each.
 */
export const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;
const MAX_TOKENS = 4_000_000;
const MAX_DEPTH = 100;
const MAX_KEYS = 2_000;
const MAX_ALIASES = 1_000;

/** Why a text is no YAML or more than is read, and where. */
export class UnreadableText extends Error {
  readonly offset: number;
  readonly advice: string;

  constructor(message: string, advice: string, offset: number) {
    super(message);
    this.offset = offset;
    this.advice = advice;
  }
}

/**
 * The YAML documents of a text one after the other (JSON is YAML). Each is checked and can be turned into values.
 * @throws UnreadableText at the first document with a syntax error, or at a bound.
 */
export function* readDocuments(text: string, lines: LineCounter): Generator<Document.Parsed> {
  if (text.length > MAX_MANIFEST_BYTES) {
    throw new UnreadableText(
      `The file holds more than ${MAX_MANIFEST_BYTES} bytes.`,
      'Split it into several files.',
      0,
    );
  }
  const composer = new Composer({ merge: true, stringKeys: true, logLevel: 'error' });
  for (const document of composer.compose(boundedTokens(text, lines))) {
    const [error] = document.errors;
    if (error !== undefined) throw syntaxError(error.message, error.pos[0]);
    yield document;
  }
}

/** The values of a document. @throws UnreadableText if its aliases multiply it beyond measure. */
export function documentValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new UnreadableText(
      `Its aliases cannot be followed: ${(error as Error).message}.`,
      'Write the values out.',
      document.range[0],
    );
  }
}

function* boundedTokens(text: string, lines: LineCounter): ReturnType<Parser['parse']> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let tokens = 0;
  let aliases = 0;
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    tokens += 1;
    if (lexeme.startsWith('*')) aliases += 1;
    if (tokens > MAX_TOKENS) throw tooMuch(`It has more than ${MAX_TOKENS} tokens.`, parser.offset);
    if (aliases > MAX_ALIASES) throw tooMuch(`It has more than ${MAX_ALIASES} aliases.`, parser.offset);
    if (parser.stack.length > MAX_DEPTH) throw tooMuch(`It is nested deeper than ${MAX_DEPTH}.`, parser.offset);
    if (keysAtTop(parser) > MAX_KEYS) throw tooMuch(`A mapping has more than ${MAX_KEYS} keys.`, parser.offset);
  }
  yield* parser.end();
}

function keysAtTop(parser: Parser): number {
  const top = parser.stack.at(-1);
  if (top?.type === 'block-map') return top.items.length;
  if (top?.type === 'flow-collection' && top.start.source === '{') return top.items.length;
  return 0;
}

function tooMuch(message: string, offset: number): UnreadableText {
  return new UnreadableText(message, 'Split the file, or write it more simply.', offset);
}

function syntaxError(message: string, offset: number): UnreadableText {
  return new UnreadableText(`It is not valid YAML: ${message.replace(/[.:\s]*$/, '.')}`, 'Correct the syntax.', offset);
}
