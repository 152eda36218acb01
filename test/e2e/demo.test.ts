import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment } from '../support/environment.ts';
import { envoyOrSkip } from '../support/envoy.ts';
import { freePort } from '../support/ports.ts';

const MAIN = join(import.meta.dirname, '../../dist/main.js');

/** `shunt demo` as a person runs it, on ports of this test's own. */
class DemoProcess {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly ended: Promise<number | null>;
  readonly #waiting = new Set<() => void>();

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, 'demo', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(),
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.lines.push(line);
      for (const look of [...this.#waiting]) look();
    });
    createInterface({ input: this.child.stderr! }).on('line', (line) => this.errors.push(line));
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** The first line, printed already or yet to come, that matches; fails if the demo ends without it. */
  line(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.lines.find((line) => pattern.test(line));
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      void this.ended.then((code) => reject(new Error(`The demo ended with ${code}: ${this.errors.join('\n')}`)));
      look();
    });
  }
}

const envoy = await envoyOrSkip();
describe.skipIf(envoy === undefined)('npm start', () => {
  let demo: DemoProcess;
  let port: number;
  let folder: string;

  beforeAll(async () => {
    const [listen, xds, admin, envoyAdmin] = [await freePort(), await freePort(), await freePort(), await freePort()];
    port = listen;
    const flags = { listen, xds, admin, 'envoy-admin': envoyAdmin };
    demo = new DemoProcess(Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `127.0.0.1:${value}`]));
    await demo.line(/^Then edit, add or delete/);
    folder = (await demo.line(/^ {2}manifests/)).trim().split(/\s+/)[1]!;
  });
  afterAll(async () => {
    demo.child.kill('SIGINT');
    await demo.ended;
  });

  const get = (host: string, headers: Record<string, string> = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port, headers: { host: `${host}:${port}`, ...headers } },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve(text.trim()));
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });

  /** Asks again until the answer is this one: a change of a file comes into force without an event to wait for. */
  const until = async (expected: string, headers: Record<string, string>): Promise<void> => {
    let answer = '';
    for (let tries = 0; tries < 2_000; tries++) {
      answer = await get('shop.localhost', headers);
      if (answer === expected) return;
    }
    expect(answer).toBe(expected);
  };

  it('answers without a key from the baselines', async () => {
    expect(await get('shop.localhost')).toBe('frontend → api → identity, db');
  });

  it('answers with the key from the preview, through the unchanged frontend', async () => {
    expect(await get('shop.localhost', { 'x-preview': 'pr-123' })).toBe('frontend → api@pr-123 → identity, db');
  });

  it('answers at the preview URL from the copy, whose own calls carry the key', async () => {
    const before = demo.lines.length;
    expect(await get('pr-123--api.preview.localhost')).toBe('api@pr-123 → identity, db');
    await expect.poll(() => demo.lines.slice(before)).toContain('  db was called with baggage: preview=pr-123');
  });

  it('prints three commands that do just that', async () => {
    await expect(demo.line(/curl http:\/\/shop\.localhost/)).resolves.toContain(`:${port}/`);
    await expect(demo.line(/curl -H 'x-preview: pr-123' http:\/\/shop\.localhost/)).resolves.toBeDefined();
    await expect(demo.line(/curl http:\/\/pr-123--api\.preview\.localhost/)).resolves.toBeDefined();
  });

  it('follows its manifests, edited, added and deleted, without a restart', async () => {
    const file = join(folder, 'api-pr-123.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"pr-123"', '"pr-456"'));
    await until('frontend → api@pr-123 → identity, db', { 'x-preview': 'pr-456' });
    expect(await get('shop.localhost', { 'x-preview': 'pr-123' })).toBe('frontend → api → identity, db');

    const added = text.replaceAll('api-pr-123', 'api-new').replace('"pr-123"', '"new"');
    await writeFile(join(folder, '.new'), added);
    await rename(join(folder, '.new'), join(folder, 'new.yaml'));
    await until('frontend → api@pr-123 → identity, db', { 'x-preview': 'new' });

    await rm(join(folder, 'new.yaml'));
    await until('frontend → api → identity, db', { 'x-preview': 'new' });
  });

  it('ends all that it started with Ctrl-C, and leaves nothing behind', async () => {
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(0);
    expect(existsSync(folder)).toBe(false);
    await expect(get('shop.localhost')).rejects.toThrow('ECONNREFUSED');
  });

  it('names the setting when a port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: taken } = server.address() as { port: number };
    const second = new DemoProcess(['--listen', `127.0.0.1:${taken}`]);
    expect(await second.ended).toBe(1);
    expect(second.errors.join('\n')).toContain(`setting listen: 127.0.0.1:${taken} cannot be used`);
    expect(second.errors).toHaveLength(1);
    server.close();
  });
});
