import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../../support/echo.ts';
import { http1Sender } from '../../support/load/http1.ts';
import { http2Sender } from '../../support/load/http2.ts';
import { type LoadProtocol, requestKind } from '../../support/load/kind.ts';
import type { Sender } from '../../support/load/sender.ts';

let echo: Echo;
let senders: Record<LoadProtocol, Sender>;
beforeEach(async () => {
  echo = await startEcho('api');
  const http2 = http2Sender(echo.http2Port, 5_000);
  senders = { 'HTTP/1.1': http1Sender(echo.http1Port, 5_000), 'HTTP/2': http2, gRPC: http2 };
});
afterEach(async () => {
  for (const sender of Object.values(senders)) sender.close();
  await echo.close();
});

const ask = (protocol: LoadProtocol, fields: Partial<ReturnType<typeof requestKind>> = {}) =>
  senders[protocol].send(requestKind({ name: '', protocol, authority: 'api.test', answeredBy: [], ...fields }));

describe.each(['HTTP/1.1', 'HTTP/2', 'gRPC'] as const)('an echo upstream over %s', (protocol) => {
  test('says who it is and what it was asked', async () => {
    const headers = { 'x-preview': 'pr-1', baggage: 'a=1' };
    expect(await ask(protocol, { method: 'POST', body: 'hello', path: '/a?b', headers })).toMatchObject({
      kind: 'answer',
      status: 200,
      echo: { title: 'api', method: 'POST', path: '/a?b', headers, bodyLength: 5 },
      ...(protocol === 'gRPC' ? { grpcStatus: '0' } : {}),
    });
  });

  test('counts requests with and without a key', async () => {
    await ask(protocol);
    await ask(protocol, { headers: { 'x-preview': 'pr-1' } });
    await ask(protocol, { headers: { 'x-preview': '' } });
    expect(echo.requests).toEqual({ withKey: 2, withoutKey: 1 });
  });

  test.each(['refuse', 'die'] as const)(
    'answers nobody after %s, until it has come back at the same ports',
    async (end) => {
      await ask(protocol);
      await echo[end]();
      expect(await ask(protocol)).toMatchObject({ kind: 'connection' });
      await echo.revive();
      expect(await ask(protocol)).toMatchObject({ kind: 'answer', status: 200 });
    },
  );
});
