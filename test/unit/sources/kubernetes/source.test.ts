import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { kubernetesSource } from '../../../../src/sources/kubernetes/index.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { Recorder } from '../recorder.ts';
import { type Exchange, event, ScriptedApi, service } from './scripted-api.ts';

const client = vi.hoisted(() => ({ loaded: false }));
vi.mock('@kubernetes/client-node', async (original) => {
  client.loaded = true;
  return original();
});

const log = { debug: () => undefined };
let folder: string;
let api: ScriptedApi;
let source: Source | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kubernetes-source-'));
  api = await ScriptedApi.start();
});

afterEach(async () => {
  await source?.stop();
  source = undefined;
  vi.unstubAllEnvs();
  await api.stop();
  await rm(folder, { recursive: true });
});

async function kubeconfig(text: string): Promise<string> {
  const file = path.join(folder, 'kubeconfig');
  await writeFile(file, text);
  return file;
}

async function sourceFor(...namespaces: readonly string[]): Promise<Source> {
  return kubernetesSource({ namespaces, kubeConfig: await kubeconfig(api.kubeconfig), log });
}

/** The next `count` requests, by path. */
async function requests(count: number): Promise<ReadonlyMap<string, Exchange>> {
  const all = await Promise.all(Array.from({ length: count }, () => api.next()));
  return new Map(all.map((exchange) => [exchange.url.pathname, exchange]));
}

test('the Kubernetes client is loaded when the source starts, not before', async () => {
  source = await sourceFor('shop');
  expect(client.loaded).toBe(false);
  source.start(new Recorder()).catch(() => undefined);
  await api.next();
  expect(client.loaded).toBe(true);
});

describe('the first full sync', () => {
  const SERVICES = '/api/v1/namespaces/shop/services';
  const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';
  const PODS = '/api/v1/namespaces/shop/pods';

  test('is one change, delivered when all has been listed, with what was watched meanwhile', async () => {
    const sink = new Recorder();
    source = await sourceFor('shop');
    const started = source.start(sink);
    const lists = await requests(3);
    lists.get(SERVICES)!.list('10', [service('a', '1')]);
    lists.get(PODS)!.list('10', []);
    await api.next();
    const watch = await api.next();
    watch.watch(event('ADDED', service('b', '11')));
    watch.end();
    expect((await api.next()).parameter('resourceVersion')).toBe('11');
    expect(sink.changes).toEqual([]);
    lists.get(SLICES)!.list('12', []);
    await started;
    expect(sink.changes).toHaveLength(1);
    expect(sink.keys()).toEqual(['Service shop/a', 'Service shop/b']);
  });

  test('is delivered even if there is nothing in the world', async () => {
    const sink = new Recorder();
    source = await sourceFor('shop');
    const started = source.start(sink);
    for (const list of (await requests(3)).values()) list.list('10', []);
    await started;
    expect(sink.changes).toEqual([{ upserts: [], deletes: [] }]);
  });

  test('does not wait for Pods if there is no right to them, and says which previews that concerns and what to bind', async () => {
    const sink = new Recorder();
    source = await sourceFor('shop');
    const started = source.start(sink);
    const lists = await requests(3);
    lists.get(SERVICES)!.list('10', [service('a', '1')]);
    lists.get(SLICES)!.list('10', []);
    lists.get(PODS)!.refuse(403, 'Forbidden', 'cannot list pods');
    await started;
    expect(sink.keys()).toEqual(['Service shop/a']);
    const [problem] = sink.problemsOf('watch pods in namespace shop');
    expect(problem).toMatchObject({
      code: 'right-missing',
      message: expect.stringMatching(
        /403 .*Previews that are Pods without a Service of their own are not seen.* all else goes on/,
      ),
      advice: expect.stringContaining('{apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]}'),
    });
  });

  test('does not come if the source is stopped before, and the start says so', async () => {
    const sink = new Recorder();
    source = await sourceFor('shop');
    const started = source.start(sink);
    const lists = await requests(3);
    const outcome = expect(started).rejects.toThrow('stopped before its first full sync');
    await source.stop();
    await outcome;
    await Promise.all([...lists.values()].map((list) => list.closed));
    expect(sink.changes).toEqual([]);
  });

  test('does not come if the source is stopped while it is being started', async () => {
    source = await sourceFor('shop');
    const started = expect(source.start(new Recorder())).rejects.toThrow('stopped');
    await source.stop();
    await started;
  });
});

test('nothing is delivered once it is stopped, even if that is while it delivers', async () => {
  const sink = new Recorder();
  source = await sourceFor('shop');
  const started = source.start({
    changed(change) {
      sink.changed(change);
      if (sink.world.has('Service shop/last')) source!.stop();
    },
    problems: (origin, problems) => sink.problems(origin, problems),
  });
  for (const list of (await requests(3)).values()) list.refuse(403, 'Forbidden', '');
  for (const list of (await requests(3)).values()) list.list('10', []);
  await started;
  expect(sink.told).toHaveLength(3);
  const watches = await requests(3);
  watches
    .get('/api/v1/namespaces/shop/services')!
    .watch(event('ADDED', service('last', '11')), event('ADDED', service('too-late', '12')));
  await Promise.all([...watches.values()].map((watch) => watch.closed));
  await source.stop();
  expect(sink.told).toHaveLength(3);
  expect(sink.keys()).toEqual(['Service shop/last']);
});

describe('a source that can never work is refused with a sentence, when checked and when started', () => {
  async function expectRefusal(sentence: RegExp): Promise<void> {
    await expect(source!.check()).rejects.toThrow(sentence);
    await expect(source!.start(new Recorder())).rejects.toThrow(sentence);
  }

  test('where there is no kubeconfig and no service account', async () => {
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', folder);
    source = kubernetesSource({ namespaces: [], log });
    await expectRefusal(/^There is no Kubernetes to watch: .*Name a kubeconfig/);
  });

  test('where the kubeconfig does not exist', async () => {
    source = kubernetesSource({ namespaces: [], kubeConfig: path.join(folder, 'missing'), log });
    await expectRefusal(/^Cannot read the kubeconfig .*missing: ENOENT/);
  });

  test('where the kubeconfig is none', async () => {
    source = kubernetesSource({ namespaces: [], kubeConfig: await kubeconfig('clusters: ['), log });
    await expectRefusal(/^Cannot read the kubeconfig/);
  });

  test('where its current-context leads to no cluster', async () => {
    const text = api.kubeconfig.replace('"current-context":"x"', '"current-context":"y"');
    source = kubernetesSource({ namespaces: [], kubeConfig: await kubeconfig(text), log });
    await expectRefusal(/current-context is "y".*kubectl config use-context/);
  });

  test('where the credentials would go out unprotected', async () => {
    const text = api.kubeconfig.replace('"insecure-skip-tls-verify":true', '"insecure-skip-tls-verify":false');
    source = kubernetesSource({ namespaces: [], kubeConfig: await kubeconfig(text), log });
    await expectRefusal(/server "http:.*https:\/\/ address/);
  });

  test('where KUBECONFIG names a file that does not exist', async () => {
    vi.stubEnv('KUBECONFIG', path.join(folder, 'missing'));
    source = kubernetesSource({ namespaces: [], log });
    await expectRefusal(/^Cannot read the kubeconfig .*missing: ENOENT/);
  });
});

test('KUBECONFIG is used if no kubeconfig is given', async () => {
  vi.stubEnv('KUBECONFIG', await kubeconfig(api.kubeconfig));
  source = kubernetesSource({ namespaces: [], log });
  source.start(new Recorder()).catch(() => undefined);
  expect((await requests(3)).has('/api/v1/services')).toBe(true);
});
