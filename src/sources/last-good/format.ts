import { createHash } from 'node:crypto';
import type { SourceRecord } from '../source.ts';

/** Raised whenever a field of a record changes its meaning: what another version wrote is not read. */
const FORMAT = 'shunt last good state 1';

/** How many records are written between two pauses for other work: each takes some 10 µs. */
const BATCH = 200;

/** What a source once said, as a file. */
export interface SavedState {
  /** What the records are of. Records of something else are not used. */
  readonly scope: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly records: readonly SourceRecord[];
}

/**
 * A line that says what it is, a line of JSON for each record, and a line with their number and the SHA-256 of all lines
 * before. In pieces, so that other work can be done in between.
 */
export function* encodeState({ scope, at, records }: SavedState): Generator<string> {
  const hash = createHash('sha256');
  const piece = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield piece(`${JSON.stringify({ format: FORMAT, scope, at })}\n`);
  for (let first = 0; first < records.length; first += BATCH) {
    const batch = records.slice(first, first + BATCH);
    yield piece(batch.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
  yield `${JSON.stringify({ records: records.length, sha256: hash.digest('hex') })}\n`;
}

/**
 * @param scope of which the state is to be.
 * @throws a sentence on what is wrong with the file, as the end of one that names it.
 */
export function decodeState(text: string, scope: string): SavedState {
  const headEnd = text.indexOf('\n');
  const tailStart = text.lastIndexOf('\n', text.length - 2) + 1;
  const [head, tail] = [parse(headEnd === -1 ? text : text.slice(0, headEnd)), parse(text.slice(tailStart))];
  if (head?.format !== FORMAT) throw new Error('it was not written by this version of shunt');
  const checksum = createHash('sha256').update(text.slice(0, tailStart)).digest('hex');
  if (tail?.sha256 !== checksum) throw new Error('it is damaged or cut off: its checksum is wrong');
  if (head.scope !== scope)
    throw new Error(`it is of ${JSON.stringify(head.scope)}, and not of ${JSON.stringify(scope)}`);
  const lines = text
    .slice(headEnd + 1, tailStart)
    .split('\n')
    .slice(0, -1);
  const records = lines.map((line) => JSON.parse(line, (_, value) => Object.freeze(value)) as SourceRecord);
  return { scope, at: Number(head.at), records };
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
