import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
const main = new URL('src/main.ts', root).pathname;

/** Runs the command line under a Node that says it is of this version. */
function shuntUnder(version: string) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, main, '--version'],
    { encoding: 'utf8', env: { PATH: process.env.PATH } },
  );
  return { status, stdout, stderr };
}

describe('the version of Node', () => {
  const { engines, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

  test.each(['12.22.12', '20.20.2', '22.18.0'])('%s is too old, which a sentence says', (old) => {
    expect(shuntUnder(old)).toEqual({
      status: 1,
      stdout: '',
      stderr: `shunt needs Node.js ${engines.node.replace('>=', '')} or newer, and this is ${old}.\n`,
    });
  });

  test.each(['22.19.0', '23.0.0', '26.1.0'])('%s is new enough', (fresh) => {
    expect(shuntUnder(fresh)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('is looked at in words that an old Node can read', () => {
    const code = readFileSync(main, 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
    expect(code).not.toMatch(/^import /m);
    expect(code).not.toMatch(/\?\.|\?\?|^await /m);
  });
});

describe('output that nobody reads to its end, as with `| head`', () => {
  test.each([
    ['--version'],
    ['help', 'serve'],
    ['bootstrap'],
    ['render', '--directory', new URL('test/golden/cases', root).pathname],
  ])('is no error of shunt %s', async (...line) => {
    const shunt = spawn(process.execPath, [main, ...line], { env: { PATH: process.env.PATH } });
    const said: Buffer[] = [];
    shunt.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    shunt.stdout.destroy();
    const [status] = await once(shunt, 'close');
    expect(Buffer.concat(said).toString()).not.toMatch(/EPIPE|node:/);
    expect(status).toBe(0);
  });
});
