import { once } from 'node:events';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { type AdminServer, startAdminServer } from '../../src/admin/server.ts';

const TOKEN = 'correct-horse-battery-staple';
const PATH = '/api/v1/things';

let server: AdminServer | undefined;
afterEach(() => server?.close());

async function start(token?: string): Promise<void> {
  const endpoints = new Map([[PATH, () => ({ status: 200, body: { things: 1 } })]]);
  const metrics = { contentType: 'text/plain', text: async () => 'figures 1\n' };
  const ready = () => ({ ready: true, detail: 'ready' });
  server = await startAdminServer({ host: '0.0.0.0', port: 0 }, ready, endpoints, metrics, token);
}

/** @returns the status and the body. */
async function ask(path: string, headers: Record<string, string> = {}, host = '127.0.0.1'): Promise<string> {
  const asked = request({ host, port: server!.port, path, headers });
  asked.end();
  const [response] = await once(asked, 'response');
  return `${response.statusCode} ${await text(response)}`;
}

/** An address of this machine that another machine may reach it by. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

describe('how everything stands', () => {
  it('is told to this machine', async () => {
    await start();
    expect(await ask(PATH)).toBe('200 {"things":1}\n');
    expect(await ask(PATH, { host: 'localhost:19000' })).toBe('200 {"things":1}\n');
  });

  it('is not told to a page whose own name leads to this machine', async () => {
    await start();
    expect(await ask(PATH, { host: 'rebound.example.com' })).toMatch(/^403 .*this machine only/);
    expect(await ask(PATH, { host: '127.0.0.1.example.com' })).toMatch(/^403 /);
  });

  it.skipIf(outside === undefined)('is told to other machines by the token, and by nothing else', async () => {
    await start(TOKEN);
    expect(await ask(PATH, { authorization: `Bearer ${TOKEN}` }, outside)).toBe('200 {"things":1}\n');
    for (const authorization of ['', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, 'Bearer undefined']) {
      expect(await ask(PATH, { authorization }, outside)).toMatch(/^401 .*authorization: Bearer TOKEN/);
    }
    expect(await ask(PATH, { host: 'localhost' }, outside)).toMatch(/^401 /);
  });

  it.skipIf(outside === undefined)('is told to no other machine without one', async () => {
    await start();
    expect(await ask(PATH, { authorization: 'Bearer undefined' }, outside)).toMatch(/^403 .*--admin-token FILE/);
  });

  it.skipIf(outside === undefined)('is no condition for health and metrics', async () => {
    await start(TOKEN);
    expect(await ask('/healthz', {}, outside)).toBe('200 ok\n');
    expect(await ask('/readyz', {}, outside)).toBe('200 ready\n');
    expect(await ask('/metrics', {}, outside)).toBe('200 figures 1\n');
  });
});
