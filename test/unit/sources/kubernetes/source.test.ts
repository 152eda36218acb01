import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { kubernetesSource } from '../../../../src/sources/kubernetes/index.ts';
import type { Source, SourceRecord } from '../../../../src/sources/source.ts';
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

/** A Service that an earlier run knew, by its key. */
function record(key: string): SourceRecord {
  const [, namespace, name] = /^Service (.*)\/(.*)$/.exec(key)!;
  const fields = { labels: Object.freeze({}), annotations: Object.freeze({}), ports: Object.freeze([]) };
  return Object.freeze({ kind: 'Service', namespace: namespace!, name: name!, ...fields }) as SourceRecord;
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

describe('a right that is missing at the start', () => {
  const API = record('Service shop/api');
  const OLD = record('Service blog/old');

  /** Answers every list, with 403 where the test says so, until the source has started. */
  async function startWithout(
    denied: RegExp,
    namespaces: readonly string[],
    lastKnown?: readonly SourceRecord[],
  ): Promise<Recorder> {
    const sink = new Recorder();
    source = await sourceFor(...namespaces);
    let started = false;
    const starting = source.start(sink, lastKnown).then(() => {
      started = true;
    });
    answerLists(denied, () => started);
    await starting;
    return sink;
  }

  async function answerLists(denied: RegExp, over: () => boolean): Promise<void> {
    while (!over()) {
      const exchange = await api.next();
      const { pathname } = exchange.url;
      if (denied.test(pathname)) exchange.refuse(403, 'Forbidden', `cannot list ${pathname}`);
      else if (exchange.parameter('watch') !== null) exchange.watch();
      else exchange.list('10', pathname === '/api/v1/namespaces/shop/services' ? [service('api', '1')] : []);
    }
  }

  test('to Pods costs the previews that are Pods, and is named with the rule that grants it', async () => {
    const sink = await startWithout(/pods/, ['shop']);
    expect(sink.keys()).toEqual(['Service shop/api']);
    expect(sink.problemsOf('watch pods in namespace shop')).toMatchObject([
      {
        code: 'right-missing',
        message: expect.stringMatching(/403 .*previews that are Pods without a Service .* not seen.* All else goes on/),
        advice: expect.stringContaining('{apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]}'),
      },
    ]);
  });

  test('to a namespace costs that namespace', async () => {
    const sink = await startWithout(/\/blog\//, ['shop', 'blog']);
    expect(sink.keys()).toEqual(['Service shop/api']);
    expect(sink.problemsOf('watch services in namespace blog')).toMatchObject([{ code: 'right-missing' }]);
  });

  test('costs nothing that an earlier run knew', async () => {
    const sink = await startWithout(/\/blog\//, ['shop', 'blog'], [OLD, record('Service shop/gone')]);
    expect(sink.keys()).toEqual(['Service blog/old', 'Service shop/api']);
  });

  test('costs nothing that an earlier run knew even where all rights are missing', async () => {
    const sink = await startWithout(/./, [], [API, OLD]);
    expect(sink.keys()).toEqual(['Service blog/old', 'Service shop/api']);
  });

  test('holds back an empty world: where no namespace can be served, Envoys keep what they have', async () => {
    const sink = new Recorder();
    source = await sourceFor('shop', 'blog');
    source.start(sink).catch(() => undefined);
    let watched = 0;
    const denied = /endpointslices|\/blog\/services/;
    while (watched < 3 || sink.told.length < 3) {
      const exchange = await api.next();
      if (denied.test(exchange.url.pathname)) exchange.refuse(403, 'Forbidden', 'no');
      else if (exchange.parameter('watch') === null) exchange.list('10', []);
      else watched += 1;
    }
    for (let refused = 0; refused < 6; refused++) (await api.next()).refuse(403, 'Forbidden', 'no');
    expect(sink.changes).toEqual([]);
  });

  test('and is given later brings what differs from what an earlier run knew', async () => {
    const sink = await startWithout(/\/blog\//, ['shop', 'blog'], [OLD]);
    answerLists(/nothing/, () => sink.problemsOf('watch services in namespace blog').length === 0);
    await sink.until(() => !sink.world.has('Service blog/old'));
    expect(sink.changes.at(-1)).toEqual({
      upserts: [],
      deletes: [{ kind: 'Service', namespace: 'blog', name: 'old' }],
    });
  });

  test('is not missing until an API server has said so a few times: one that starts does not know all bindings', async () => {
    const sink = new Recorder();
    source = await sourceFor('shop');
    const started = source.start(sink);
    for (let attempt = 0; attempt < 3; attempt++) {
      for (const list of (await requests(3)).values()) list.refuse(403, 'Forbidden', 'RBAC: role not found');
    }
    for (const list of (await requests(3)).values()) list.list('10', []);
    await started;
    expect(sink.changes).toEqual([{ upserts: [], deletes: [] }]);
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

describe('credentials that have been rotated are read anew, and nothing is told', () => {
  /** @param renew writes the second token where the first came from. */
  async function expectRotation(renew: () => Promise<void>): Promise<void> {
    const sink = new Recorder();
    source!.start(sink).catch(() => undefined);
    const first = [...(await requests(3)).values()];
    expect(first.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer first'));
    await renew();
    for (const list of first) list.refuse(401, 'Unauthorized', 'Unauthorized');
    const second = [...(await requests(3)).values()];
    expect(second.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer second'));
    expect(sink.told).toEqual([]);
  }

  /** A kubeconfig with this user. */
  const withUser = (user: object) =>
    kubeconfig(JSON.stringify({ ...JSON.parse(api.kubeconfig), users: [{ name: 'u', user }] }));

  test('if they stand in the kubeconfig', async () => {
    const kubeConfig = await withUser({ token: 'first' });
    source = kubernetesSource({ namespaces: ['shop'], kubeConfig, log });
    await expectRotation(async () => void (await withUser({ token: 'second' })));
  });

  test('if they stand in a file', async () => {
    const tokenFile = path.join(folder, 'token');
    await writeFile(tokenFile, 'first');
    const kubeConfig = await withUser({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } });
    source = kubernetesSource({ namespaces: ['shop'], kubeConfig, log });
    await expectRotation(() => writeFile(tokenFile, 'second'));
  });

  test('if a plugin says them', async () => {
    const said = path.join(folder, 'credential');
    const say = (token: string) => writeFile(said, JSON.stringify({ kind: 'ExecCredential', status: { token } }));
    await say('first');
    const kubeConfig = await withUser({
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'cat', args: [said] },
    });
    source = kubernetesSource({ namespaces: ['shop'], kubeConfig, log });
    await expectRotation(() => say('second'));
  });
});

describe('a context that is named', () => {
  const contexts = () => {
    const config = JSON.parse(api.kubeconfig);
    return JSON.stringify({
      ...config,
      contexts: [...config.contexts, { name: 'y', context: { cluster: 'none', user: 'u' } }],
      'current-context': 'y',
    });
  };

  test('is used instead of the current one', async () => {
    source = kubernetesSource({ namespaces: [], kubeConfig: await kubeconfig(contexts()), context: 'x', log });
    source.start(new Recorder()).catch(() => undefined);
    expect((await requests(3)).has('/api/v1/services')).toBe(true);
  });

  test('but does not exist is refused with those that do', async () => {
    source = kubernetesSource({ namespaces: [], kubeConfig: await kubeconfig(contexts()), context: 'z', log });
    await expect(source.check()).rejects.toThrow(/kubeconfig .* has no context "z". Write one of x, y\.$/);
  });
});

test('KUBECONFIG is used if no kubeconfig is given', async () => {
  vi.stubEnv('KUBECONFIG', await kubeconfig(api.kubeconfig));
  source = kubernetesSource({ namespaces: [], log });
  source.start(new Recorder()).catch(() => undefined);
  expect((await requests(3)).has('/api/v1/services')).toBe(true);
});
