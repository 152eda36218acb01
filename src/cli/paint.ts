import type { Writable } from 'node:stream';

/** Colours, or none. */
export type Paint = (colour: Colour, text: string) => string;

export type Colour = keyof typeof CODES;

const CODES = { bold: 1, red: 31, green: 32, yellow: 33, grey: 90 } as const;

/** Colours where people look: on a terminal, unless NO_COLOR (https://no-color.org) or a dumb terminal forbids them. */
export function paintFor(stdout: Writable, env: Readonly<Record<string, string | undefined>>): Paint {
  const wanted = 'isTTY' in stdout && stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return wanted ? (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m` : (_, text) => text;
}
