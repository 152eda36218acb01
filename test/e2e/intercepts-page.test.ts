import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { STATUS_CODES } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type parse, parseAllDocuments } from 'yaml';
import { run } from '../../src/cli/run.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { SECRET_VARIABLE } from '../../src/translate/trust.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import type { EchoAnswer } from '../support/echo-message.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway } from '../support/gateway.ts';
import { History } from '../support/history.ts';
import { type Manifest, ManifestFolder, podManifest, sliceManifests } from '../support/manifests.ts';
import { type Command, readExamples } from '../support/page-examples.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';
import { askWeb } from '../support/web-answer.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/intercepts.md'), 'utf8');
const { settings, manifests, commands } = readExamples(page);
const named = commands.map((command) => [command.line, command] as const);

const SECRET = 'correct-horse-battery';
/** What the page calls the machine of everybody who serves. */
const WRITTEN_ENDPOINT = '10.1.0.7:8080';

const envoy = await envoyOrSkip();
describe.skipIf(envoy === undefined)('the page on intercepts, through a real Envoy', () => {
  const echoes: Echo[] = [];
  /** What came to anybody, the copies for mirrors too. */
  const heard = new History<EchoAnswer>();
  /** The gateway's listeners, by the ports on the page. */
  const ports = new Map<number, number>();
  let scratch: string;
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gatewayEnvoy: TestEnvoy;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'shunt-page-'));
    folder = await ManifestFolder.create();
    const objects: Manifest[] = [];
    for (const text of manifests) objects.push(...(await served(text)));
    await folder.write('shop', objects);
    for (const [, port] of settings.matchAll(/127\.0\.0\.1:(\d+)/g)) ports.set(Number(port), await freePort());
    await writeFile(join(scratch, 'shunt.yaml'), settings.replace('directory: manifests', `directory: ${folder.path}`));
    const { listen, ...others } = loadSettings(
      { given: [], problems: [] },
      { SHUNT_CONFIG: join(scratch, 'shunt.yaml') },
    );
    const anyPort = { host: '127.0.0.1', port: 0 };
    shunt = await startWatchedShunt(folder, {
      ...others,
      xds: anyPort,
      admin: anyPort,
      listen: listen.map((each) => ({ ...each, port: ports.get(each.port)! })),
    });
    gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, environment: { [SECRET_VARIABLE]: SECRET } });
  });
  afterAll(async () => {
    await gatewayEnvoy?.stop();
    await shunt?.stop();
    await folder?.delete();
    for (const echo of echoes) await echo.close();
    if (scratch !== undefined) await rm(scratch, { recursive: true });
  });

  async function echo(title: string, address = '127.0.0.1'): Promise<Echo> {
    const started = await startEcho(title, 0, address, heard);
    echoes.push(started);
    return started;
  }

  /** Manifests of the page and what a cluster makes of them: endpoints and Pods, which are echoes here. */
  async function served(text: string): Promise<readonly Manifest[]> {
    const ready = !text.startsWith('# None of these is ready.');
    const objects = parseAllDocuments(text).map((document) => document.toJS());
    const written = new Set(objects.flatMap(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] ?? []));
    const all: Manifest[] = [];
    for (const object of objects) {
      const { kind, metadata, spec } = object;
      const id = `${metadata.namespace}/${metadata.name}`;
      const port = async (address?: string): Promise<number> => (await echo(titleOf(object), address)).http1Port;
      if (kind === 'Deployment') {
        const { template } = spec;
        const address = '127.0.2.1';
        const containerPort = await port(address);
        all.push(
          podManifest(`${id}-5d8f-x`, {
            labels: template.metadata.labels,
            address,
            ports: { [template.spec.containers[0].ports[0].name]: containerPort },
          }),
          ...sliceManifests('shop/api', [containerPort], { address }).map((slice) => ({
            ...slice,
            metadata: { namespace: 'shop', name: 'api-covering', labels: { 'kubernetes.io/service-name': 'api' } },
          })),
        );
      } else if (kind === 'EndpointSlice') {
        const service = { metadata: { ...metadata, name: metadata.labels['kubernetes.io/service-name'] } };
        const preview = objects.find((other) => other.metadata.name === service.metadata.name);
        const { http1Port } = await echo(titleOf(preview));
        all.push({
          ...object,
          ports: [{ ...object.ports[0], port: http1Port }],
          endpoints: [{ addresses: ['127.0.0.1'] }],
        });
      } else if (spec.type === 'ExternalName') {
        all.push({
          ...object,
          spec: { ...spec, externalName: 'localhost', ports: [{ ...spec.ports[0], port: await port() }] },
        });
      } else {
        all.push(object);
        if (written.has(metadata.name)) continue;
        const { http1Port, http2Port } = await echo(titleOf(object));
        for (const { name } of spec.ports) {
          all.push(...sliceManifests(id, [name === 'grpc' ? http2Port : http1Port], { portName: name, ready }));
        }
      }
    }
    return all;
  }

  test('every update is taken', async () => {
    expect(await gatewayEnvoy.rejected()).toEqual({});
  });

  test('it shows who answers, what is answered, what services receive and what commands print', () => {
    const kinds = Map.groupBy(commands, ({ kind }) => kind);
    expect([...kinds.keys()].sort()).toEqual(['answer', 'received', 'served-by', 'shunt']);
    expect(manifests.length).toBeGreaterThan(8);
  });

  test.each(named)('%s', async (_, command) => {
    if (command.kind === 'shunt') {
      expect(await runShunt(command.args)).toEqual({ stdout: unwrapped(command.expected), status: command.status });
    } else await curl(command);
  });

  async function curl(command: Exclude<Command, { kind: 'shunt' }>): Promise<void> {
    const port = ports.get(command.gatewayPort ?? 10000)!;
    const { path, host, headers } = command;
    const past = heard.all.length;
    if (command.kind === 'served-by') {
      const gateway = new Gateway(gatewayEnvoy, port);
      try {
        const { method, protocol } = command;
        const answer = await gateway.ask({ host, method, path, headers, protocol });
        expect(answer).toMatchObject({ servedBy: command.expected, title: command.expected });
      } finally {
        gateway.close();
      }
      return;
    }
    const answer = await askWeb(port, { host, method: command.method, path, headers });
    if (command.kind === 'answer') {
      const seen = Object.fromEntries(
        Object.keys(command.headersSeen).map((name) => [name, String(answer.headers[name])]),
      );
      expect({ status: `${answer.status} ${STATUS_CODES[answer.status]}`, headers: seen }).toEqual({
        status: command.status,
        headers: command.headersSeen,
      });
      if (command.body !== undefined) expect(answer.body.trim()).toBe(command.body);
    } else {
      const { method, path, headers } = command.received;
      const mirrored = headers['x-shunt-mirror'];
      const is = (one: EchoAnswer) => one.path === path && one.headers['x-shunt-mirror'] === mirrored;
      const got = mirrored === undefined ? (JSON.parse(answer.body) as EchoAnswer) : await heard.first(is, past);
      const { host: _, ...rest } = got.headers;
      expect({ method: got.method, path: got.path, headers: rest }).toEqual({ method, path, headers });
    }
  }

  async function runShunt(args: readonly string[]) {
    let stdout = '';
    const taking = new Writable({
      write(chunk, _encoding, done) {
        stdout += chunk;
        done();
      },
    });
    const ignoring = new Writable({ write: (_chunk, _encoding, done) => done() });
    const placed = args.map((arg) =>
      arg === 'shunt.yaml' ? join(scratch, arg) : arg === 'manifests' ? folder.path : arg,
    );
    const status = await run(placed, { stdout: taking, stderr: ignoring, env: {} });
    const own = new Set(echoes.flatMap(({ http1Port, http2Port }) => [http1Port, http2Port]));
    const text = stdout.replaceAll(/127\.0\.0\.1:(\d+)/g, (address, port) =>
      own.has(Number(port)) ? WRITTEN_ENDPOINT : address,
    );
    return { stdout: unwrapped(text.replaceAll(/^\S*shop\.yaml:\d+: /gm, '')), status };
  }
});

/** The page wraps long lines. */
function unwrapped(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

/** As `x-shunt-served-by` has it: `api`, `api@pr-123` or, without a key, `api@api-alice`. */
function titleOf(object: ReturnType<typeof parse>): string {
  const { name, labels = {} } =
    object.kind === 'Deployment' ? { ...object.metadata, ...object.spec.template.metadata } : object.metadata;
  const target = labels['shunt.dev/intercepts']?.split('.')[0];
  return target === undefined ? name : `${target}@${labels['shunt.dev/key'] ?? name}`;
}
