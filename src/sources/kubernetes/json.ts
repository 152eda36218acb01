import { RequestFailure } from './failure.ts';

/** @throws RequestFailure if the text is no JSON object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, with the text, which says more than the parser's message.
  }
  throw unreadable(text);
}

export function unreadable(text: string): RequestFailure {
  return new RequestFailure({ kind: 'unreadable', excerpt: text.slice(0, 100) });
}
