import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, askedIn } from '../../../src/cli/ask.ts';
import { defaultSettings } from '../../../src/settings/index.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('which control plane is asked', () => {
  const asked = (admin: string | undefined, host = '127.0.0.1') =>
    askedIn({
      flags: new Map(admin === undefined ? [] : [['admin', [admin]]]),
      settings: defaultSettings({ admin: { host, port: 19000 } }),
    }).url;

  it('is the one that the flag names, else that of the setting', () => {
    expect(asked('https://shunt.example.com/')).toBe('https://shunt.example.com');
    expect(asked(undefined)).toBe('http://127.0.0.1:19000');
  });

  it('is reached on this machine where it listens for everybody', () => {
    expect(asked(undefined, '0.0.0.0')).toBe('http://127.0.0.1:19000');
    expect(asked(undefined, '::')).toBe('http://[::1]:19000');
  });

  it.each(['localhost', 'ftp://a', 'http://a/b', 'http://a?b', ''])('is not %j', (admin) => {
    expect(() => asked(admin)).toThrow(`flag --admin: "${admin}" is no URL`);
  });
});

describe('a question', () => {
  it('has the token of the file that the setting names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shunt-ask-'));
    const file = join(folder, 'token');
    await writeFile(file, 'a-token-of-some-length\n');
    const url = await serve(({ headers }, response) => response.end(JSON.stringify({ got: headers.authorization })));
    const asked = askedIn({ flags: new Map([['admin', [url]]]), settings: defaultSettings({ adminToken: file }) });
    expect(await ask(asked, '/')).toEqual({ got: 'Bearer a-token-of-some-length' });
    await rm(folder, { recursive: true });
  });

  it.each([
    [401, '{"error":"no"}', 'wants a token; name its file with --admin-token.'],
    [503, '{"error":"not ready\\u001b[31m"}', 'answers: not ready\\u{1b}[31m'],
    [200, 'hello', 'answers 200, and not what was asked'],
    [200, '7', 'answers 200, and not what was asked'],
    [302, '{}', 'answers 302, and not what was asked'],
  ])('that is answered with %d and %s ends with a sentence', async (status, body, sentence) => {
    const url = await serve((_, response) => {
      response.writeHead(status, { location: '/elsewhere' });
      response.end(body);
    });
    await expect(ask({ url, token: undefined }, '/')).rejects.toThrow(sentence);
  });
});
