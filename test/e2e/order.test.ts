import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/protos/index.ts';
import type { Resource } from '../../src/resources/index.ts';
import { protocols } from '../../src/settings/settings.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { badCluster, listener, routes, service } from '../support/library-world.ts';
import { type RequestKind, requestKind, underLoad } from '../support/load/index.ts';
import { freePort } from '../support/ports.ts';
import { TestServer } from '../support/xds-server.ts';

const envoy = await envoyOrSkip();
const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let echoes: ReadonlyMap<Name, Echo>;
beforeAll(async () => {
  echoes = new Map(await Promise.all(NAMES.map(async (name) => [name, await startEcho(name)] as const)));
});
afterAll(async () => {
  for (const echo of echoes?.values() ?? []) await echo.close();
});

/** Cluster and endpoints of an echo. */
const serviceOf = (name: Name) => service(name, echoes.get(name)!.http2Port);

/** What no Envoy takes for a port. */
const NO_PORT = 70_000;

const SAYS = { sayReferences: true };

/** Requests in every protocol and method. */
function requests(answeredBy: Name): RequestKind[] {
  const fields = { name: 'api', authority: 'api', answeredBy: [answeredBy] };
  return [
    ...(['HTTP/1.1', 'HTTP/2'] as const).flatMap((protocol) =>
      (['GET', 'POST'] as const).map((method) => requestKind({ ...fields, protocol, method })),
    ),
    requestKind({ ...fields, protocol: 'gRPC' }),
  ];
}

/** @param of what it serves goes on from an earlier one's. */
async function startServer(port?: number, of?: TestServer): Promise<TestServer> {
  const test = await TestServer.start(of === undefined ? {} : { store: of.store }, port);
  cleanups.push(() => test.close());
  return test;
}

async function startGateway(xdsPort: number, protocol: (typeof protocols)[number]): Promise<TestEnvoy> {
  const gateway = await startTestEnvoy({ xdsPort, protocol, nodeId: 'edge-1' });
  cleanups.push(() => gateway.stop());
  return gateway;
}

/** Waits until a client has accepted these very resources. */
async function accepted(test: TestServer, ...resources: readonly Resource[]): Promise<void> {
  for (const { typeUrl, version } of resources) {
    await test.event('acknowledged', (event) => {
      return event.typeUrl === typeUrl && event.changes.some((change) => change.version === version);
    });
  }
}

/** Waits until it is certain that the client refuses a cluster. */
async function refused(test: TestServer, name: Name): Promise<void> {
  await test.event('refused', ({ changes, again }) => !again && changes.length === 1 && changes[0]?.name === name);
}

describe.skipIf(envoy === undefined).each(protocols)('a real Envoy that refuses a cluster, in %s,', (protocol) => {
  it('keeps the routes that would name it and all that they use, takes others, and goes on when it is mended', async () => {
    const test = await startServer();
    const [main, side] = [await freePort(), await freePort()];
    test.apply(...serviceOf('a'), listener('main', main), routes('main', 'a', SAYS));
    await startGateway(test.port, protocol);
    await accepted(test, routes('main', 'a', SAYS));

    const toB = routes('main', 'b', SAYS);
    const report = await underLoad({ port: main, kinds: requests('a') }, async (load) => {
      await load.settle(300);
      test.store.apply({ set: [badCluster('b'), toB], remove: serviceOf('a') });
      await refused(test, 'b');

      // What names no refused cluster goes on.
      test.apply(...serviceOf('c'), listener('side', side), routes('side', 'c', SAYS));
      await accepted(test, ...serviceOf('c'), routes('side', 'c', SAYS));
      await load.settle(600);

      await load.expect('api', ['a', 'b']);
      test.apply(...serviceOf('b'));
      await accepted(test, toB);
      await test.event('acknowledged', ({ typeUrl, changes }) => {
        return (
          typeUrl === typeUrls.cluster && changes.some(({ name, version }) => name === 'a' && version === undefined)
        );
      });
      await load.expect('api', ['b']);
      await load.settle(300);
    });
    expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.failed).toBe(0);
  });

  it('fails requests where routes do not say what they name: the test above could fail', async () => {
    const silent = { sayReferences: false };
    const test = await startServer();
    const main = await freePort();
    test.apply(...serviceOf('a'), listener('main', main), routes('main', 'a', silent));
    await startGateway(test.port, protocol);
    await accepted(test, routes('main', 'a', silent));
    const report = await underLoad({ port: main, kinds: requests('a') }, async (load) => {
      test.store.apply({ set: [badCluster('b'), routes('main', 'b', silent)], remove: serviceOf('a') });
      await refused(test, 'b');
      await accepted(test, routes('main', 'b', silent));
      await load.settle(100);
    });
    expect(report.kinds.reduce((sum, { failed }) => sum + failed.status, 0)).toBeGreaterThan(0);
  });
});

describe.skipIf(envoy === undefined).each(protocols)('a real Envoy that refuses endpoints, in %s,', (protocol) => {
  it('has those that it accepted last after a change of their cluster', async () => {
    const test = await startServer();
    const main = await freePort();
    const [clusterA, endpointsA] = serviceOf('a');
    test.apply(clusterA, endpointsA, listener('main', main), routes('main', 'a', SAYS));
    await startGateway(test.port, protocol);
    await accepted(test, endpointsA, routes('main', 'a', SAYS));

    const [changedCluster, badEndpoints] = service('a', NO_PORT, 2_000);
    const before = test.events.length;
    test.apply(changedCluster, badEndpoints);
    await refused(test, 'a');
    await test.event('acknowledged', (event) => {
      return (
        test.events.indexOf(event) >= before && event.changes.some(({ version }) => version === endpointsA.version)
      );
    });
    await accepted(test, changedCluster);
    const report = await underLoad({ port: main, kinds: requests('a') }, (load) => load.settle(100));
    expect(report.failed).toBe(0);
  });
});

describe.skipIf(envoy === undefined).each(protocols)('a real Envoy in which a cluster warms, in %s,', (protocol) => {
  it('is served on its next stream, even if cluster and endpoints are gone by then', async () => {
    const test = await startServer();
    const main = await freePort();
    test.apply(...serviceOf('a'), listener('main', main), routes('main', 'a', SAYS));
    const gateway = await startGateway(test.port, protocol);
    await accepted(test, routes('main', 'a', SAYS));

    const report = await underLoad({ port: main, kinds: requests('a') }, async (load) => {
      // The stream ends between a new cluster and its endpoints.
      const closing = Promise.withResolvers<void>();
      test.onEvent = (event) => {
        if (event.type === 'pushed' && event.changes.some(({ name }) => name === 'b')) closing.resolve(test.close());
      };
      test.apply(...serviceOf('b'));
      await closing.promise;

      const next = await startServer(test.port);
      const toC = routes('main', 'c', SAYS);
      await load.expect('api', ['a', 'c']);
      next.apply(...serviceOf('a'), ...serviceOf('c'), listener('main', main), toC);
      await accepted(next, ...serviceOf('c'), toC);
      await load.settle(100);
    });
    expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.failed).toBe(0);
    expect(await gateway.rejected()).toEqual({});
  });
});

describe.skipIf(envoy === undefined).each(protocols)('a real Envoy that was cut off, in %s,', (protocol) => {
  it('keeps the cluster that its routes use, though both are gone from the world, until it has the new routes', async () => {
    const test = await startServer();
    const main = await freePort();
    test.apply(...serviceOf('a'), listener('main', main), routes('main', 'a', SAYS));
    await startGateway(test.port, protocol);
    await accepted(test, routes('main', 'a', SAYS));
    const report = await underLoad({ port: main, kinds: requests('a') }, async (load) => {
      await test.close();
      const toB = routes('main', 'b', SAYS);
      test.store.apply({ set: [...serviceOf('b'), toB], remove: serviceOf('a') });
      await load.expect('api', ['a', 'b']);
      const next = await startServer(test.port, test);
      await accepted(next, toB);
      await next.event('acknowledged', ({ typeUrl, changes }) => {
        return (
          typeUrl === typeUrls.cluster && changes.some(({ name, version }) => name === 'a' && version === undefined)
        );
      });
      await load.expect('api', ['b']);
      await load.settle(100);
    });
    expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.failed).toBe(0);
  });
});
