import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The path of a Chromium for tests: the one that CHROMIUM_BIN names, else one on the PATH.
 *
 *     const program = chromiumOrSkip();
 *     describe.skipIf(program === undefined)('…', …);
 *
 * @returns undefined on a person's machine that has none, having said how to get one.
 * @throws in CI (the environment variable CI is set), where a test that is skipped in silence is worse than one that fails.
 */
export function chromiumOrSkip(): string | undefined {
  const { CHROMIUM_BIN, PATH = '', CI } = process.env;
  const places = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = (CHROMIUM_BIN ? [CHROMIUM_BIN] : places).find(isProgram);
  if (found !== undefined) return found;
  const why = CHROMIUM_BIN
    ? `CHROMIUM_BIN is ${CHROMIUM_BIN}, which is no program`
    : 'there is no chromium on the PATH';
  const advice = 'install the package chromium of Debian, or name the program of a Chromium or Chrome in CHROMIUM_BIN.';
  if (CI !== undefined && CI !== '') throw new Error(`Tests with a browser cannot run: ${why}; ${advice}`);
  console.warn(`Tests with a browser are skipped: ${why}; ${advice}`);
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts it without a window. To it, every name is this machine. */
export function startChromium(program: string): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: ['--host-resolver-rules=MAP * 127.0.0.1', '--disable-dev-shm-usage', '--no-first-run'],
    chromiumSandbox: process.getuid?.() !== 0,
  });
}
