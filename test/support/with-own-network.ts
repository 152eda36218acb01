import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { inOwnNetwork, runInOwnNetwork } from './own-network.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const VITEST = path.join(ROOT, 'node_modules/vitest/vitest.mjs');

/**
 * A suite in which all of 10.0.0.0/8 is this machine. Its file is run once more, in a network of its own; what that run
 * says stands among the output of this one.
 *
 * @param file the suite's own.
 * @param timeout of the whole, in milliseconds.
 */
export function describeInOwnNetwork(file: string, timeout: number, suite: () => void): void {
  if (inOwnNetwork) {
    suite();
    return;
  }
  describe('in a network of its own', () => {
    test(path.basename(file, '.test.ts'), { timeout }, async () => {
      expect(await runInOwnNetwork(VITEST, ['run', '--root', ROOT, '--project', 'real', file])).toBe(0);
    });
  });
}
