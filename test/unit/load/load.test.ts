import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../../support/echo.ts';
import { formatReport, type RequestKind, requestKind, startLoad } from '../../support/load/index.ts';

const started: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of started.splice(0).reverse()) await end();
});

async function echo(title: string): Promise<Echo> {
  const server = await startEcho(title);
  started.push(server.close);
  return server;
}

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  started.push(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  return (server.address() as AddressInfo).port;
}

function kind(fields: Partial<RequestKind> = {}): RequestKind {
  return requestKind({ name: 'no key', protocol: 'HTTP/1.1', authority: 'api', answeredBy: ['api'], ...fields });
}

describe('a constant load', () => {
  test('keeps its rate: it has sent all that was due when it ends', async () => {
    const api = await echo('api');
    const kinds = [kind(), kind({ name: 'with a body', method: 'POST' })];
    const load = await startLoad({ port: api.http1Port, kinds, perSecond: 500 });
    await load.settle(400);
    const report = await load.stop();
    expect(Math.abs(report.sent - report.seconds * 500)).toBeLessThanOrEqual(1);
    expect(report).toMatchObject({ failed: 0, ok: report.sent });
    expect(report.sent).toBeGreaterThanOrEqual(400);
    expect(api.requests.withoutKey).toBe(report.sent);
    const [first, second] = report.kinds.map((each) => each.sent);
    expect(first! - second!).toBe(report.sent % 2);
  });

  test('sends HTTP/2 requests and gRPC calls', async () => {
    const api = await echo('api');
    const kinds = [
      kind({ protocol: 'HTTP/2' }),
      kind({ protocol: 'HTTP/2', name: 'with a body', method: 'POST', body: 'x'.repeat(100_000) }),
      requestKind({ name: 'a call', protocol: 'gRPC', authority: 'api', answeredBy: ['api'] }),
    ];
    const load = await startLoad({ port: api.http2Port, kinds, perSecond: 300 });
    await load.settle(60);
    expect(await load.stop()).toMatchObject({ failed: 0 });
  });

  test('does not wait for answers: late ones delay no request', async () => {
    const waiting: (() => void)[] = [];
    const enough = Promise.withResolvers<void>();
    const port = await serve((_, response) => {
      const answer = { title: 'api', method: 'GET', path: '/', headers: {}, bodyLength: 0 };
      waiting.push(() => response.end(JSON.stringify(answer)));
      if (waiting.length === 100) enough.resolve();
    });
    const load = await startLoad({ port, kinds: [kind()], perSecond: 500 });
    await enough.promise;
    const ending = load.stop();
    const answering = setInterval(() => {
      for (const answer of waiting.splice(0)) answer();
    }, 5);
    const report = await ending;
    clearInterval(answering);
    expect(Math.abs(report.sent - report.seconds * 500)).toBeLessThanOrEqual(1);
    expect(report).toMatchObject({ failed: 0, ok: report.sent });
  });

  test('counts answers of the wrong status, and tells the first few in words', async () => {
    let number = 0;
    const port = await serve((_, response) => {
      response.statusCode = ++number % 2 === 0 ? 503 : 200;
      const answer = { title: 'api', method: 'GET', path: '/', headers: {}, bodyLength: 0 };
      response.end(response.statusCode === 503 ? 'no healthy upstream' : JSON.stringify(answer));
    });
    const load = await startLoad({ port, kinds: [kind()], perSecond: 300 });
    await load.settle(40);
    const report = await load.stop();
    const [{ failed, failures, ok }] = report.kinds as [(typeof report.kinds)[number]];
    expect(failed).toEqual({ status: Math.floor(report.sent / 2), connection: 0, timeout: 0, responder: 0 });
    expect(ok + report.failed).toBe(report.sent);
    expect(failures).toHaveLength(3);
    expect(failures[0]!.sentence).toMatch(/^at \d+ ms: status 503, "no healthy upstream" from nobody$/);
    expect(formatReport(report)).toContain('no key (HTTP/1.1 GET) at');
  });

  test('counts answers of the wrong upstream', async () => {
    const other = await echo('api@pr-1');
    const kinds = [kind(), kind({ name: 'pr-1', answeredBy: ['api@pr-1'] })];
    const load = await startLoad({ port: other.http1Port, kinds, perSecond: 300 });
    await load.settle(20);
    const report = await load.stop();
    expect(report.kinds[0]!.failed.responder).toBe(report.kinds[0]!.sent);
    expect(report.kinds[0]!.failures[0]!.sentence).toContain('api@pr-1 answered, not api');
    expect(report.kinds[1]).toMatchObject({ ok: report.kinds[1]!.sent });
  });

  test.each(['HTTP/1.1', 'HTTP/2', 'gRPC'] as const)(
    'counts connections over %s that are refused or cut off',
    async (protocol) => {
      const api = await echo('api');
      const port = protocol === 'HTTP/1.1' ? api.http1Port : api.http2Port;
      const load = await startLoad({ port, kinds: [requestKind({ ...kind(), protocol })], perSecond: 300 });
      await load.settle(10);
      await api.die();
      await load.settle(10);
      await api.revive();
      await load.settle(10);
      const report = await load.stop();
      expect(report.kinds[0]!.failed).toMatchObject({ status: 0, timeout: 0, responder: 0 });
      expect(report.failed).toBeGreaterThan(0);
      expect(report.ok).toBeGreaterThan(0);
      expect(report.ok + report.failed).toBe(report.sent);
    },
  );

  test('counts requests that nobody answers in time', async () => {
    const port = await serve(() => {});
    const load = await startLoad({ port, kinds: [kind()], perSecond: 100, timeoutMs: 50 });
    await load.settle(5);
    const report = await load.stop();
    expect(report.kinds[0]!.failed.timeout).toBe(report.sent);
  });

  test('holds answers against who may give them at the time', async () => {
    const first = await echo('api');
    const load = await startLoad({ port: first.http1Port, kinds: [kind()], perSecond: 300 });
    await load.settle(10);
    await load.expect('no key', ['api', 'api@pr-1']);
    await load.settle(10);
    await load.expect('no key', ['api@pr-1']);
    await load.settle(10);
    const report = await load.stop();
    expect(report.failed).toBeGreaterThan(0);
    expect(report.ok).toBeGreaterThanOrEqual(20);
    expect(report.kinds[0]!.failures[0]!.sentence).toContain('api answered, not api@pr-1');
  });
});
