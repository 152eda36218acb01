import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, typeUrls } from '../../../src/protos/index.ts';
import { DEFAULT_LIMITS } from '../../../src/xds/limits.ts';
import { XdsClient } from '../../support/xds-client.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const tsc = join(root, 'node_modules/.bin/tsc');
const manual = readFileSync(join(root, 'docs/xds-library.md'), 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(manual)![1]!;

/** A project that has installed the package as it would be published, and the example of the manual in it. */
let consumer: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shunt-library-'));
  const stage = join(folder, 'stage');
  mkdirSync(stage);
  // Built anew: what is in dist/ may be older than src/. Whether src/ is without mistakes is not for this test to say.
  await run(tsc, ['-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', join(stage, 'dist')]);
  for (const name of ['package.json', 'LICENSE', 'README.md', 'docs', 'protos', 'envoy'])
    cpSync(join(root, name), join(stage, name), { recursive: true });
  await run('npm', ['pack', '--ignore-scripts', '--offline', '--pack-destination', folder], { cwd: stage });
  consumer = join(folder, 'consumer');
  const installed = join(consumer, 'node_modules/shunt');
  mkdirSync(installed, { recursive: true });
  const [tarball] = globSync('*.tgz', { cwd: folder });
  await run('tar', ['-xzf', join(folder, tarball!), '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    const link = join(consumer, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(consumer, 'example.ts'), example);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler says of the files of the consumer. */
async function compile(...options: string[]): Promise<string> {
  const files = globSync('*.ts', { cwd: consumer });
  const settings = ['--noEmit', '--strict', '--target', 'es2023', '--types', 'node', '--ignoreConfig', ...options];
  return run(tsc, [...settings, ...files], { cwd: consumer }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}

describe('the published package', () => {
  it('gives the compiler the types of shunt/xds, in all that they refer to', async () => {
    expect(await compile('--module', 'nodenext', '--skipLibCheck', 'false')).toBe('');
    expect(await compile('--module', 'preserve', '--moduleResolution', 'bundler')).toBe('');
  }, 60_000);

  it('lets the compiler find what is wrong in the use of it', async () => {
    const wrong = join(consumer, 'wrong.ts');
    writeFileSync(
      wrong,
      `import { resourceOf } from 'shunt/xds';\nresourceOf('envoy.config.cluster.v3.Cluster', { nmae: 'a' });\n`,
    );
    const found = await compile('--module', 'nodenext');
    rmSync(wrong);
    expect(found).toContain("'nmae' does not exist");
  }, 60_000);

  it('has its manual, with all that this leads to, and its licence', () => {
    const installed = join(consumer, 'node_modules/shunt');
    const pages = ['README.md', ...globSync('docs/*.md', { cwd: installed })];
    expect(pages).toContain('docs/xds-library.md');
    const links = pages.flatMap((page) => {
      const text = readFileSync(join(installed, page), 'utf8');
      return Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, target]) => join(dirname(page), target!));
    });
    expect(
      links.filter((target) => /^(docs|envoy|protos)\//.test(target) && !existsSync(join(installed, target))),
    ).toEqual([]);
    expect(readFileSync(join(installed, 'LICENSE'), 'utf8')).toContain('Apache License\n');
  });

  it('has one entry, which it may import itself, and the command', async () => {
    const installed = join(consumer, 'node_modules/shunt');
    const script = "import('shunt/xds').then((library) => console.log(Object.keys(library).sort().join(' ')))";
    const { stdout } = await run(process.execPath, ['-e', script], { cwd: installed });
    expect(stdout.trim().split(' ')).toEqual([
      ...['ResourceStore', 'any', 'contentVersion', 'createXdsServer', 'duration', 'resourceOf', 'resourceOfAny'],
      ...['struct', 'typeUrl', 'typeUrls'],
    ]);
    const inside = "import('shunt/dist/main.js').catch(({ code }) => console.log(code))";
    expect((await run(process.execPath, ['-e', inside], { cwd: consumer })).stdout.trim()).toBe(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    );
    const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const { stdout: help } = await run(process.execPath, [join(installed, bin.shunt), '--help']);
    expect(help).toContain('shunt');
  }, 60_000);
});

describe('the example of the manual', () => {
  it('is a control plane: for everybody, for one node, with what clients say of it', async () => {
    const program = spawn(process.execPath, ['example.ts'], { cwd: consumer, stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => program.once('exit', resolve));
    const output = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    const line = async () => (await output.next()).value as string;
    let client: XdsClient | undefined;
    try {
      const port = /^listening on (\d+)$/.exec(await line())![1];
      client = new XdsClient(Number(port));
      const delta = client.delta();

      delta.send({ node: { id: 'edge-1' }, type_url: typeUrls.cluster });
      const nothing = await delta.next();
      expect(nothing.resources).toEqual([]);
      delta.send({ type_url: typeUrls.cluster, response_nonce: nothing.nonce! });
      expect(await line()).toMatch(/ edge-1 acknowledged $/);

      program.stdin.write('shop 10.0.0.1:80\n');
      const clusters = await delta.next();
      expect(clusters.resources.map(({ name }) => name)).toEqual(['shop']);
      delta.send({ type_url: typeUrls.loadAssignment, resource_names_subscribe: ['shop'] });
      const first = await delta.next();
      expect(addressOf(first.resources[0]?.resource?.value)).toBe('10.0.0.1');
      delta.send({
        type_url: typeUrls.loadAssignment,
        response_nonce: first.nonce!,
        error_detail: { code: 3, message: 'no good' },
      });
      expect(await line()).toMatch(/ edge-1 refused shop \([0-9a-f]{16}\): no good$/);

      program.stdin.write('@edge-1 shop 10.0.0.9:80\n');
      const own = await delta.next();
      expect(addressOf(own.resources[0]?.resource?.value)).toBe('10.0.0.9');
      const other = client.sotw();
      other.send({ node: { id: 'edge-2' }, type_url: typeUrls.loadAssignment, resource_names: ['shop'] });
      expect(addressOf((await other.next()).resources[0]?.value)).toBe('10.0.0.1');

      program.stdin.end();
      expect(await ended).toBe(0);
    } finally {
      client?.close();
      program.kill();
    }
  }, 60_000);

  it('is short enough to be read', () => {
    expect(
      example
        .trim()
        .split('\n')
        .filter((line) => line.trim() !== '').length,
    ).toBeLessThanOrEqual(60);
  });
});

describe('the manual', () => {
  it('names each limit', () => {
    expect(Object.keys(DEFAULT_LIMITS).filter((limit) => !manual.includes(`\`${limit}\``))).toEqual([]);
  });

  it('names each event, with all that it has of its own', () => {
    const source = readFileSync(join(root, 'src/xds/events.ts'), 'utf8').split('export interface ClientStatus')[0]!;
    const fields = Array.from(
      source.matchAll(/readonly (\w+): ('\w+')?/g),
      ([, name, type]) => type?.slice(1, -1) ?? name,
    );
    expect(fields).toContain('acknowledged');
    expect(fields.filter((field) => !manual.includes(`\`${field}\``))).toEqual([]);
  });
});

function addressOf(value: unknown): string | undefined {
  const assignment = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', value as Uint8Array);
  return assignment.endpoints[0]?.lb_endpoints[0]?.endpoint?.address?.socket_address?.address;
}
