import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectGolden, shunt, shuntIn } from '../support/command.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

/** What `shunt` prints, by command; UPDATE_GOLDEN=1 writes them. */
const GOLDEN = join(import.meta.dirname, 'commands');

describe.skipIf(envoy === undefined)('commands that ask a running control plane', () => {
  let folder: ManifestFolder;
  let server: WatchedShunt;
  let gateway: TestEnvoy | undefined;
  let admin: string;

  beforeAll(async () => {
    folder = await ManifestFolder.create();
    await folder.write('world', [
      baselineManifest('shop/api', { annotations: { 'shunt.dev/hosts': 'shop.example.com/api' } }),
      ...sliceManifests('shop/api', [8080]),
      previewManifest('shop/api-empty', 'api', 'empty'),
      previewManifest('shop/api-lost', 'nobody', 'lost'),
      previewManifest('shop/api-old', 'api', 'old', {
        annotations: { 'shunt.dev/expires-at': '2020-01-01T00:00:00Z' },
      }),
      previewManifest('shop/api-wrong', 'api', '\u001b[31m\u202eNot a key\u0007'.padEnd(200, 'x')),
      ...['old', 'wrong', 'lost'].flatMap((name) => sliceManifests(`shop/api-${name}`, [8083])),
      baselineManifest('team/cart'),
      ...sliceManifests('team/cart', [8082]),
    ]);
    server = await startWatchedShunt(folder);
    admin = `http://127.0.0.1:${server.adminPort}`;
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
    await folder?.delete();
  });

  const asked = (...args: readonly string[]) => shuntIn({ SHUNT_ADMIN: `127.0.0.1:${server.adminPort}` }, ...args);
  const golden = (name: string, ended: Awaited<ReturnType<typeof shunt>>) =>
    expectGolden(GOLDEN, name, ended, [
      [/\d+ms/g, 'TOOK'],
      [/\d+ ms/g, 'N ms'],
      [/\d{4}-\d\d-\d\dT[\d:.]+Z \(\d+s ago\)/g, 'TIME (AGE ago)'],
      [/\d+d\b/g, 'DAYS'],
      [/ \d+s\b/g, ' AGE'],
      // How wide a column is depends on what varies.
      [/(?<=\S) {3,}/g, '   '],
    ]);

  test('say so where no Envoy is connected', async () => {
    await golden('status-nobody', await asked('status'));
    await golden('list-unserved', await asked('list', '-n', 'shop'));
  });

  test('show previews, services and Envoys as tables', async () => {
    const live = server.receipts.first(({ preview }) => preview.name === 'api-pr-1');
    gateway = await startTestEnvoy({ xdsPort: server.xdsPort, protocol: 'delta' });
    await folder.write('live', [
      previewManifest('shop/api-pr-1', 'api', 'pr-1'),
      ...sliceManifests('shop/api-pr-1', [8081]),
    ]);
    await live;
    await golden('list', await asked('list'));
    await golden('list-team', await asked('list', '--namespace', 'team'));
    await golden('list-services', await asked('list', 'services'));
    await golden('status', await asked('status'));
  });

  test('describe a preview by its key or its name, with all that is wrong', async () => {
    await golden('describe', await asked('describe', 'pr-1'));
    await golden('describe-expired', await asked('describe', 'api-old'));
    await golden('describe-wrong', await asked('describe', 'shop/api-wrong'));
    await golden('describe-nobody', await asked('describe', 'nobody\u001b[31m'));
  });

  test('answer programs as the server does, with nothing in it that a terminal would obey', async () => {
    const truth = await (await fetch(`${admin}/api/v1/previews`)).json();
    const { stdout } = await shunt('list', '--admin', admin, '-o', 'json');
    expect(JSON.parse(stdout)).toEqual(truth);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const yaml = await shunt('list', '--admin', admin, '-o', 'yaml');
    const { parse } = await import('yaml');
    expect(parse(yaml.stdout)).toEqual(truth);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
    expect(yaml.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  test('say how to reach a control plane where none answers', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    await expectGolden(GOLDEN, 'nobody-answers', await shunt('list', '--admin', nowhere), [
      [/127\.0\.0\.1:\d+/g, 'HOST:PORT'],
    ]);
    const { status, stderr } = await shunt('status', '--admin', `http://127.0.0.1:${server.gatewayPort}`);
    expect(status).toBe(1);
    expect(stderr).toContain('is it the admin address of shunt serve?');
  });
});
