import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { typeUrls } from '../../src/protos/index.ts';
import { expectGolden, shunt, shuntIn, startShunt } from '../support/command.ts';
import { DeafClient } from '../support/deaf-client.ts';
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
      ...sliceManifests('shop/api-empty', [8086], { ready: false }),
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
      [/127\.0\.0\.1:\d+/g, 'HOST:PORT'],
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

  test('show what an Envoy has been given', async () => {
    const versions = [/\b[0-9a-f]{16,}\b/g, 'VERSION'] as const;
    const dump = await asked('config-dump', 'test-gateway', '--type', 'eds');
    await expectGolden(GOLDEN, 'config-dump', dump, [versions, [/(?<=\S) {3,}/g, '   ']]);
    const { stdout } = await asked('config-dump', 'test-gateway', '-o', 'json');
    const { resources } = JSON.parse(stdout) as { resources: readonly { resource: object; progress: string }[] };
    expect(new Set(resources.map(({ progress }) => progress))).toEqual(new Set(['accepted']));
    expect(resources).toContainEqual(
      expect.objectContaining({
        typeUrl: typeUrls.cluster,
        name: 'shop/api/80',
        resource: expect.objectContaining({ name: 'shop/api/80' }),
      }),
    );
    await golden('config-dump-nobody', await asked('config-dump', 'nobody'));
  });

  test('wait until a preview is in force on all gateways', async () => {
    const waiting = startShunt({}, 'wait', 'pr-2', '--admin', admin, '--timeout', '1m');
    await once(waiting.stderr, 'data');
    await folder.write('later', [
      previewManifest('shop/api-pr-2', 'api', 'pr-2'),
      ...sliceManifests('shop/api-pr-2', [8084]),
    ]);
    // What is said meanwhile depends on when the server is asked.
    await golden('wait', { ...(await waiting.ended), stderr: '' });
    expect((await asked('wait', 'pr-2')).status).toBe(0);
  });

  test('say what is wrong where that takes too long', async () => {
    await golden('wait-empty', await asked('wait', 'empty', '--timeout', '0s'));
    await golden('wait-lost', await asked('wait', 'shop/api-lost', '--timeout', '0s'));
    await golden('wait-nobody', await asked('wait', 'nobody', '--timeout', '0s'));
    expect(await asked('wait', 'pr-1', '--timeout', 'soon')).toMatchObject({ status: 2 });
  });

  test('say who lags', async () => {
    const deaf = await DeafClient.connect(server.xdsPort);
    const stream = deaf.open();
    const node = { id: 'slow-gateway' };
    stream.ask({ node, type_url: typeUrls.cluster, resource_names_subscribe: ['*'] });
    stream.ask({ type_url: typeUrls.loadAssignment, resource_names_subscribe: ['shop/api:80'] });
    await server.events.first(
      (event) => event.type === 'pushed' && event.node === node.id && event.typeUrl === typeUrls.loadAssignment,
    );
    await golden('wait-deaf', await asked('wait', 'pr-1', '--timeout', '0s'));
    await golden('status-deaf', await asked('status'));
    deaf.close();
  });

  test('say what a folder would change of what is served now', async () => {
    const settings = ['--listen', `127.0.0.1:${server.gatewayPort}`, '--admin', admin];
    await golden('diff-served-same', await shunt('diff', folder.path, ...settings));
    const ended = await shuntIn({ cwd: GOLDEN }, 'diff', 'manifests/shop', ...settings, '-o', 'json');
    const { objects, resources } = JSON.parse(ended.stdout);
    expect(ended.status).toBe(3);
    expect(objects).toContainEqual(expect.objectContaining({ change: 'added', what: 'Service shop/api-pr-123' }));
    expect(objects).toContainEqual(expect.objectContaining({ change: 'removed', what: 'Service team/cart' }));
    expect(resources).toContainEqual(
      expect.objectContaining({
        change: 'removed',
        name: 'team/cart/80',
        before: expect.objectContaining({ '@type': typeUrls.cluster, name: 'team/cart/80' }),
      }),
    );
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

describe('shunt check', () => {
  const check = (...args: readonly string[]) => shuntIn({ cwd: GOLDEN }, 'check', ...args);

  test('tells each problem with its file and line, and ends with status 1', async () => {
    await expectGolden(GOLDEN, 'check-wrong', await check('manifests/wrong'));
    const { problems } = JSON.parse((await check('manifests/wrong', '-o', 'json')).stdout);
    expect(problems[0]).toMatchObject({ file: 'manifests/wrong/broken.yaml', line: 5, code: 'manifest-unreadable' });
  });

  test('finds nothing wrong with manifests that a cluster only has to fill', async () => {
    await expectGolden(GOLDEN, 'check', await check('manifests/shop'));
  });

  test('reads the files that are named, and knows no others', async () => {
    await expectGolden(GOLDEN, 'check-alone', await check('manifests/shop/preview.yaml'));
    expect((await check('manifests/shop/api.yaml', 'manifests/shop/preview.yaml')).status).toBe(0);
  });

  test('refuses a path that is none with status 2', async () => {
    await expectGolden(GOLDEN, 'check-nothing', await check('manifests/shop', 'nowhere.yaml'));
  });
});

describe('shunt diff', () => {
  const diff = (...args: readonly string[]) => shuntIn({ cwd: GOLDEN }, 'diff', ...args);

  test('tells what would change in words, and as Envoy resources', async () => {
    await expectGolden(GOLDEN, 'diff', await diff('manifests/shop', 'manifests/branch'));
  });

  test('ends with status 0 where nothing would', async () => {
    await expectGolden(GOLDEN, 'diff-same', await diff('manifests/shop', 'manifests/shop'));
  });
});

describe('shunt completion', () => {
  /** What bash offers after a line that is not finished. */
  async function offered(line: string): Promise<readonly string[]> {
    const script = (await shunt('completion', 'bash')).stdout;
    const words = line.split(' ');
    const code = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _shunt
printf '%s\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', code]);
    return stdout.split('\n').filter((word) => word !== '');
  }

  test('completes commands, flags and what these may be, in bash', async () => {
    expect(await offered('shunt des')).toEqual(['describe']);
    expect(await offered('shunt help wa')).toEqual(['wait']);
    expect(await offered('shunt wait --ti')).toEqual(['--timeout']);
    expect(await offered('shunt list --output ')).toEqual(['table', 'json', 'yaml']);
    expect(await offered('shunt list -o y')).toEqual(['yaml']);
    expect(await offered('shunt list s')).toEqual(['services']);
    expect(await offered('shunt check man')).toEqual([]);
  });

  test.each(['zsh', 'fish'])('knows all commands in %s', async (shell) => {
    const { status, stdout } = await shunt('completion', shell);
    expect(status).toBe(0);
    for (const { name, summary } of commands) {
      expect(stdout).toContain(name);
      expect(stdout).toContain(summary.replaceAll(':', shell === 'zsh' ? '\\:' : ':').replaceAll("'", "\\'"));
    }
  });

  test('refuses other shells', async () => {
    expect((await shunt('completion', 'csh')).stderr).toBe(
      'shunt: argument SHELL: "csh" is none; write one of bash, zsh, fish.\n',
    );
  });
});
