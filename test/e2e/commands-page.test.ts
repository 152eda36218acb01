import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shuntIn } from '../support/command.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/commands.md'), 'utf8');

/** Every line of the page that begins with `shunt`, in its blocks and its table. */
const lines = [
  ...[...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) => block!.split('\n')),
  ...[...page.matchAll(/^\|.*\| `(.*)` \|$/gm)].map(([, line]) => line!),
].filter((line) => line !== '');

const envoy = await envoyOrSkip();

describe.skipIf(envoy === undefined)('a command of the page does what it says:', () => {
  let folder: ManifestFolder;
  let server: WatchedShunt;
  let gateway: TestEnvoy;
  let cwd: string;

  beforeAll(async () => {
    folder = await ManifestFolder.create();
    await folder.write('world', [
      baselineManifest('shop/api'),
      ...sliceManifests('shop/api', [8080]),
      previewManifest('shop/api-pr-123', 'api', 'pr-123'),
      ...sliceManifests('shop/api-pr-123', [8081]),
    ]);
    server = await startWatchedShunt(folder);
    gateway = await startTestEnvoy({ xdsPort: server.xdsPort, protocol: 'delta', nodeId: 'gateway-1' });
    cwd = await mkdtemp(join(tmpdir(), 'shunt-page-'));
    const manifests = join(import.meta.dirname, 'commands/manifests');
    for (const name of ['manifests', 'main']) await cp(join(manifests, 'shop'), join(cwd, name), { recursive: true });
    await cp(join(manifests, 'branch'), join(cwd, 'branch'), { recursive: true });
    await mkdir(join(cwd, '.config/fish/completions'), { recursive: true });
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
    await folder?.delete();
    if (cwd !== undefined) await rm(cwd, { recursive: true });
  });

  test.each(lines)('%s', async (line) => {
    const admin = `127.0.0.1:${server.adminPort}`;
    const words = line
      .replace(/^source <\((.*)\)$/, '$1')
      .replace(/ > .*$/, '')
      .replace('127.0.0.1:19000', admin);
    const [program, ...args] = [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
    expect(program).toBe('shunt');
    const { status, stdout, stderr } = await shuntIn({ cwd, SHUNT_ADMIN: admin }, ...args);
    expect({ status, stderr }).toEqual({ status: args[0] === 'diff' ? 3 : 0, stderr: '' });
    expect(stdout).not.toBe('');
  });
});
