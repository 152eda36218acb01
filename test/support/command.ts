import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect } from 'vitest';
import { cleanEnvironment } from './environment.ts';

const MAIN = join(import.meta.dirname, '../../dist/main.js');

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end, as built by `npm run build`; not on a terminal. */
export async function shunt(...args: readonly string[]): Promise<Ended> {
  return shuntIn({}, ...args);
}

/** The same in an environment of its own, besides what programs need, or in another folder. */
export async function shuntIn(place: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  return startShunt(place, ...args).ended;
}

/** Runs the program without waiting for its end. */
export function startShunt(
  { cwd, ...environment }: Readonly<Record<string, string>>,
  ...args: readonly string[]
): { readonly stderr: Readable; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
    env: { ...cleanEnvironment(), ...environment },
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
    });
  }
  const ended = once(child, 'close').then(([status]) => ({ status, ...printed }));
  return { stderr: child.stderr, ended };
}

/**
 * Holds what was printed against the file `NAME.txt` of a folder; UPDATE_GOLDEN=1 writes the file.
 *
 * @param varying what is another at each run, with what stands for it.
 */
export async function expectGolden(
  folder: string,
  name: string,
  { status, stdout, stderr }: Ended,
  varying: readonly (readonly [RegExp | string, string])[] = [],
): Promise<void> {
  const sections = [stdout, ...(stderr === '' ? [] : [`--- stderr\n${stderr}`]), `--- exit status ${status}\n`];
  const text = varying.reduce((said, [what, stand]) => said.replaceAll(what, stand), sections.join(''));
  const file = join(folder, `${name}.txt`);
  if (process.env.UPDATE_GOLDEN) await writeFile(file, text);
  expect(text).toBe(await readFile(file, 'utf8').catch(() => ''));
}
