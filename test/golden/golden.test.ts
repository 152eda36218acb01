import { readdirSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { envoyOrSkip, validateConfig } from '../support/envoy.ts';
import { staticConfig } from '../support/static-config.ts';

/**
 * `cases/NAME.in.yaml` are manifests; `cases/NAME.out.yaml` is what `shunt render` makes of them, with its problems as
 * comments ahead. `cases/NAME.settings.yaml` are settings, if any, that name other files of `cases` as `CASES/…`. What people see
 * in a browser is in the cases that turn it on. To add a case, add its manifests and run with UPDATE_GOLDEN=1; then read what came out.
 */
const CASES = join(import.meta.dirname, 'cases');
const names = readdirSync(CASES).flatMap((file) =>
  file.endsWith('.in.yaml') ? [file.slice(0, -'.in.yaml'.length)] : [],
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shunt-golden-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function render(
  name: string,
  flags: readonly string[] = [],
): Promise<{ status: number; resources: string; problems: string }> {
  const input = join(folder, 'manifests.yaml');
  await copyFile(join(CASES, `${name}.in.yaml`), input);
  const [stdout, stderr] = [new Text(), new Text()];
  const browserPath = name.startsWith('browser') ? '/.shunt' : 'off';
  const settings = await readFile(join(CASES, `${name}.settings.yaml`), 'utf8').catch(() => '');
  const config = join(folder, '.settings');
  await writeFile(config, settings.replaceAll('CASES', CASES));
  const args = ['render', '--directory', folder, '--config', config, '--browser-path', browserPath, ...flags];
  const status = await run(args, { stdout, stderr, env: {} });
  return { status, resources: stdout.text, problems: stderr.text.replaceAll(input, `${name}.in.yaml`) };
}

class Text extends Writable {
  text = '';

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('shunt render', () => {
  it.each(names)('makes of %s.in.yaml what stands in its .out.yaml', async (name) => {
    const { status, resources, problems } = await render(name);
    expect(status).toBe(0);
    const text = problems.replace(/^(?=.)/gm, '# ') + resources;
    const expected = join(CASES, `${name}.out.yaml`);
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(expected, text);
    expect(text).toBe(await readFile(expected, 'utf8'));
  });
});

const envoy = await envoyOrSkip();
describe.skipIf(envoy === undefined)('a real Envoy', () => {
  it.each(names)('takes what is rendered of %s.in.yaml', async (name) => {
    const { resources } = await render(name);
    const { accepted, complaints } = await validateConfig(JSON.stringify(staticConfig(resources)));
    expect(complaints).toEqual([]);
    expect(accepted).toBe(true);
  });

  it('takes names and origins as long as they may be', async () => {
    const flags = {
      header: 'h'.repeat(60),
      baggage: 'b'.repeat(20),
      tracestate: 't'.repeat(60),
      cookie: 'c'.repeat(60),
      query: 'q'.repeat(60),
    };
    const args = Object.entries(flags).map(([name, value]) => `--key-${name}=${value}`);
    const origin = `https://*.${'a'.repeat(30)}.${'b'.repeat(29)}`;
    const { resources } = await render('preview', [...args, '--cors-origin', origin]);
    expect(await validateConfig(JSON.stringify(staticConfig(resources)))).toEqual({ accepted: true, complaints: [] });
  });

  it('is asked in earnest: it refuses a cluster with a policy that does not exist', async () => {
    const { resources } = await render('baseline');
    const broken = resources.replace('DEFAULT_SUBSET', 'DEFAULT_NONSENSE');
    const { accepted, complaints } = await validateConfig(JSON.stringify(staticConfig(broken)));
    expect(accepted).toBe(false);
    expect(complaints.join('\n')).toContain('DEFAULT_NONSENSE');
  });
});
