import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { openSource } from '../../../src/cli/source.ts';
import { type ControlPlane, startControlPlane } from '../../../src/control-plane.ts';
import { defaultSettings } from '../../../src/settings/index.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../../support/manifests.ts';

const silent = pino({ level: 'silent' });

let folder: ManifestFolder;
let controlPlane: ControlPlane;
let admin: string;

beforeAll(async () => {
  folder = await ManifestFolder.create();
  await folder.write('world', [
    baselineManifest('shop/api'),
    ...sliceManifests('shop/api', [8080]),
    previewManifest('shop/api-pr-1', 'api', 'pr-1'),
    ...sliceManifests('shop/api-pr-1', [8081]),
    baselineManifest('prod/api'),
    ...sliceManifests('prod/api', [8082]),
  ]);
  const anyPort = { host: '127.0.0.1', port: 0 };
  const settings = defaultSettings({ directory: folder.path, xds: anyPort, admin: anyPort });
  const source = await openSource(settings, silent);
  controlPlane = await startControlPlane({ settings, source, log: silent });
  await controlPlane.ready;
  admin = `http://127.0.0.1:${controlPlane.admin.port}`;
});
afterAll(async () => {
  await controlPlane?.close();
  await folder?.delete();
});

async function shunt(...args: readonly string[]) {
  const printed = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof printed) =>
    new Writable({
      write(chunk, _encoding, done) {
        printed[name] += chunk;
        done();
      },
    });
  const status = await run(['explain', ...args], { stdout: stream('stdout'), stderr: stream('stderr'), env: {} });
  return { status, ...printed };
}

describe('shunt explain', () => {
  it('reads a folder, with no server, and says where a request goes step by step', async () => {
    const request = ['GET', 'http://api.shop/cart?x=1', '-H', 'x-preview: pr-1', '--header', 'cookie: preview=pr-2'];
    const { status, stdout } = await shunt('--directory', folder.path, ...request);
    expect(status).toBe(0);
    expect(stdout).toBe(`GET http://api.shop/cart?x=1
→ the preview, Service shop/api-pr-1, by the key "pr-1" in the header

  ✓ The host "api.shop" is known and means Service shop/api, port 80 (HTTP/1.1).
  ✓ The header x-preview carries the key "pr-1".
  ✗ The cookie preview carries "pr-2", but the header x-preview counts before it.
  ✓ Service shop/api-pr-1 is the preview of Service shop/api with the key "pr-1".
  ✓ Service shop/api-pr-1 serves, at 127.0.0.1:8081.

At the gateways on 127.0.0.1:10000.
`);
  });

  it('says the same of a running control plane’s world', async () => {
    const request = ['GET', 'http://pr-1--api--shop.preview.localhost/', '--output', 'json'];
    const own = await shunt('--directory', folder.path, ...request);
    const theirs = await shunt('--admin', admin, ...request);
    expect(theirs).toMatchObject({ status: 0, stdout: own.stdout });
    expect(JSON.parse(theirs.stdout).outcome).toMatchObject({ kind: 'preview', by: { carrier: 'host' } });
  });

  it.each([true, false])('ends with status 3 when nothing serves it (asked of a server: %s)', async (live) => {
    const source = live ? ['--admin', admin] : ['--directory', folder.path];
    const { status, stdout } = await shunt(...source, 'GET', 'http://api/');
    expect(status).toBe(3);
    expect(stdout).toContain('→ nothing serves it: 404');
    const inShop = await shunt(...source, 'GET', 'http://api/', '--gateway-namespace', 'shop');
    expect(inShop.status).toBe(0);
    expect(inShop.stdout).toContain('→ the baseline, Service shop/api');
    expect(inShop.stdout).toContain('for callers in the namespace shop.');
  });

  it.each([
    [['GET'], 'shunt: argument URL is missing'],
    [['GET', 'api'], 'shunt: the URL "api" is none'],
    [['get', 'http://api'], 'shunt: the method "get" is none'],
    [['GET', 'http://api', '-H', 'x'], 'shunt: the header "x" is none'],
    [['GET', 'http://api', '-H'], 'shunt: flag -H: its value is missing; write NAME: VALUE'],
    [['GET', 'http://api', '--output', 'xml'], 'shunt: flag --output: "xml" is none; write one of text, json.'],
    [['GET', 'http://api', '--admin', 'localhost'], 'shunt: flag --admin: "localhost" is no URL'],
    [['GET', 'http://api'], 'shunt: there is nothing to watch'],
  ])('refuses %j with status 2 and a sentence', async (args, sentence) => {
    const { status, stderr } = await shunt(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(sentence);
  });

  it('says so where no control plane answers', async () => {
    const { status, stderr } = await shunt('--admin', 'http://127.0.0.1:1', 'GET', 'http://api/');
    expect(status).toBe(1);
    expect(stderr).toContain('no control plane answers at http://127.0.0.1:1: ');
    const other = await shunt('--admin', admin, 'GET', `http://api/${'x'.repeat(20_000)}`);
    expect(other.stderr).toContain('is too long to ask');
  });
});

describe('the endpoint', () => {
  const get = async (query: string) => {
    const response = await fetch(`${admin}/api/v1/explain${query}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it.each([
    ['', 'the parameter url is missing'],
    ['?url=api', 'the URL "api" is none'],
    ['?url=http://api/&url=http://api/', 'the parameter url is given 2 times'],
    ['?url=http://api/&headers=x', 'there is no parameter "headers"'],
  ])('answers %j with 400 and a sentence', async (query, sentence) => {
    const { status, body } = await get(query);
    expect(status).toBe(400);
    expect(body.error).toContain(sentence);
  });

  it('answers with 200 also where nothing serves the request', async () => {
    expect(await get('?url=http://nobody/')).toMatchObject({ status: 200, body: { outcome: { status: 404 } } });
  });

  it('takes questions only', async () => {
    expect((await fetch(`${admin}/api/v1/explain`, { method: 'POST' })).status).toBe(405);
    expect(await (await fetch(`${admin}/api`)).text()).toBe(
      '/api is not here; there are /healthz, /readyz, /metrics, /api/v1/previews, /api/v1/services, /api/v1/gateways, /api/v1/config-dump, /api/v1/resources, /api/v1/explain.\n',
    );
  });
});
