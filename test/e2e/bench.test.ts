import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment } from '../support/environment.ts';
import { envoyOrSkip } from '../support/envoy.ts';
import { apiServerAssets } from '../support/with-apiserver.ts';

const run = promisify(execFile);

describe('the benchmarks run, whatever their figures', () => {
  let binary: string | undefined;

  beforeAll(async () => {
    binary = (await envoyOrSkip())?.binary;
  });

  /** @returns what a benchmark prints. */
  async function bench(file: string, ...args: readonly string[]): Promise<string> {
    const script = join(import.meta.dirname, '../../bench', file);
    const env = { ...cleanEnvironment(), ENVOY_BIN: binary };
    return (await run(process.execPath, [script, ...args], { env })).stdout;
  }

  it("from a manifest to the preview's first answer", async ({ skip }) => {
    if (binary === undefined) skip();
    expect(await bench('intercept.ts', '--rounds', '3')).toMatch(/^shunt with 1,000 previews( +\d+\.\d+){4} +[1-3] /m);
  });

  it("from a Service's labels in a cluster to the preview's first answer, also while others change", async ({
    skip,
  }) => {
    if (binary === undefined || !apiServerAssets()) skip();
    const sizes = ['--services', '10', '--previews', '20', '--start', '50', '--rounds', '3'];
    const table = await bench('kube.ts', ...sizes);
    expect(table).toMatch(/^10 Services, 20 previews +\d.* 3$/m);
    expect(table).toMatch(/^10 Services, 20 previews, 50 changes\/s +\d.* 3$/m);
    expect(table).toMatch(/^A start at 50 Services with 100 EndpointSlices: ready after \d.* MiB/m);
  });

  it('what a request costs Envoy', async ({ skip }) => {
    if (binary === undefined) skip();
    const table = await bench('data-plane.ts', '--rounds', '1', '--milliseconds', '50');
    expect(table).toMatch(/^plain route, no key +\d/m);
    expect(table).toMatch(/^1,000 previews, preview host +\d/m);
  });
});
