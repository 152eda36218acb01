import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Built, carryOut } from '../support/dockerfile.ts';
import { runContainer } from '../support/image.ts';
import { baselineManifest, ManifestFolder, sliceManifests } from '../support/manifests.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');

describe('what the Dockerfile builds', () => {
  let folder: string;
  let image: Built;
  let manifests: ManifestFolder;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'image-'));
    // Whoever runs the image is not who built it.
    await chmod(folder, 0o755);
    image = await carryOut(await readFile(join(REPOSITORY, 'Dockerfile'), 'utf8'), REPOSITORY, folder);
    manifests = await ManifestFolder.create();
    await manifests.write('api', [baselineManifest('shop/api'), ...sliceManifests('shop/api', [1])]);
    await chmod(manifests.path, 0o755);
  }, 600_000);
  afterAll(async () => {
    await manifests?.delete();
    await rm(folder, { recursive: true, force: true });
  });

  const LOCAL = { SHUNT_XDS: '127.0.0.1:0', SHUNT_ADMIN: '127.0.0.1:0' };

  test('stands on one exact version of Node, that which the tests run', async () => {
    const { devDependencies } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
    expect(new Set(image.bases)).toEqual(new Set([`node:${devDependencies.node}-slim`]));
  });

  test('is not run by root', () => {
    expect(image.user).toBe('1000:1000');
  });

  test('has the packages that run, and none that only build or test', async () => {
    const { packages } = JSON.parse(await readFile(join(REPOSITORY, 'package-lock.json'), 'utf8'));
    const wanted = Object.entries<{ dev?: boolean; optional?: boolean }>(packages).filter(([path]) => path !== '');
    for (const [path, { dev, optional }] of wanted) {
      if (dev) expect(existsSync(join(image.folder, path)), path).toBe(false);
      else if (!optional) expect(existsSync(join(image.folder, path)), path).toBe(true);
    }
  });

  test('copies nothing that is kept from the build', async () => {
    const ignored = (await readFile(join(REPOSITORY, '.dockerignore'), 'utf8')).split('\n');
    expect(ignored).toContain('*');
    const dockerfile = await readFile(join(REPOSITORY, 'Dockerfile'), 'utf8');
    for (const [, words] of dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
      for (const source of words!.split(' ')) expect(ignored).toContain(`!${source}`);
    }
  });

  test('serves a folder, as a user who may write nothing in the image', async () => {
    const run = await runContainer(image, ['serve', '--directory', manifests.path], {
      ...LOCAL,
      SHUNT_XDS_PLAINTEXT: 'on',
    });
    try {
      await run.log.first(({ msg }) => msg === 'ready');
      expect((await fetch(`http://127.0.0.1:${run.adminPort}/readyz`)).status).toBe(200);
      expect(run.log.all.filter(({ level }) => !['info', 'warn'].includes(level))).toEqual([]);
    } finally {
      expect(await run.stop()).toBe(0);
    }
  });

  test('watches a cluster if told nothing else, and is healthy while it waits for that', async () => {
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, JSON.stringify(NO_CLUSTER));
    const run = await runContainer(image, undefined, { ...LOCAL, SHUNT_XDS_PLAINTEXT: 'on', KUBECONFIG: kubeconfig });
    try {
      const status = async (path: string) => (await fetch(`http://127.0.0.1:${run.adminPort}${path}`)).status;
      expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 503]);
    } finally {
      expect(await run.stop()).toBe(0);
    }
  });

  test('says what is missing if it is not told how far to trust the network', async () => {
    await expect(runContainer(image, ['serve', '--directory', manifests.path], {})).rejects.toThrow('xds-plaintext');
  });
});

const NO_CLUSTER = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'none', user: { token: 'none' } }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  'current-context': 'none',
};
