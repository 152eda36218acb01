import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ControlPlane, startControlPlane } from '../control-plane.ts';
import { type Envoy, findEnvoy, startEnvoy } from '../gateway/index.ts';
import { listenFailure, requireFree } from '../listening.ts';
import { createLogger } from '../log.ts';
import { typeUrls } from '../protos/index.ts';
import { formatHostPort, type HostPort, type Settings } from '../settings/index.ts';
import { directorySource } from '../sources/directory/index.ts';
import type { XdsEvent } from '../xds/index.ts';
import { demoManifest } from './manifests.ts';
import { type DemoService, startDemoService } from './services.ts';

/** The story, running: four services, a preview of one of them, the control plane and an Envoy. */
export interface Demo {
  /** The watched folder of manifests. */
  readonly folder: string;
  readonly gateway: HostPort;
  readonly services: readonly DemoService[];
  /** Settles if the Envoy ends by itself. */
  readonly failed: Promise<Error>;
  /** Ends everything that was started, and removes the folder. */
  close(): Promise<void>;
}

export interface DemoOptions {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Told what takes long, and of each request that a service gets. */
  readonly say: (line: string) => void;
}

const STORY = [
  { title: 'frontend', calls: ['api'] },
  { title: 'api', calls: ['identity', 'db'] },
  { title: 'api@pr-123', calls: ['identity', 'db'] },
  { title: 'identity', calls: [] },
  { title: 'db', calls: [] },
] as const;

/** @throws a sentence: a port is taken, or there is no Envoy. Then nothing stays behind. */
export async function startDemo({ settings, env, signal, say }: DemoOptions): Promise<Demo> {
  const gateway = settings.listen[0]!;
  await requireAddresses(settings);
  const { binary } = await findEnvoy({ env, onProgress: say, signal });

  const started: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'shunt-demo-'));
    started.push(() => rm(folder, { recursive: true, force: true }));
    const services: DemoService[] = [];
    for (const { title, calls } of STORY) {
      const service = await startDemoService({
        title,
        calls,
        gateway,
        onRequest: (...told) => say(requestLine(...told)),
      });
      started.push(service.close);
      services.push(service);
    }
    await Promise.all(manifests(services, settings).map(([name, text]) => writeFile(join(folder, name), text)));

    const routesTaken = Promise.withResolvers<void>();
    const onEvent = (event: XdsEvent) => {
      if (event.type === 'acknowledged' && event.typeUrl === typeUrls.routeConfiguration) routesTaken.resolve();
    };
    const controlPlane = await startControlPlane({
      settings,
      source: directorySource(folder),
      log: createLogger(settings.logLevel),
      problemSink: { warn: (_, sentence) => say(`  ${sentence}`), info: (_, sentence) => say(`  ${sentence}`) },
      onEvent,
    });
    started.push(controlPlane.close);
    await controlPlane.ready;
    const envoy = await startEnvoy({
      binary,
      bootstrap: bootstrapOf(settings, controlPlane),
      logLevel: 'error',
      onLog: say,
    });
    started.push(envoy.stop);
    const failed = failure(envoy);
    await Promise.race([
      routesTaken.promise.then(() => listening(gateway, signal)),
      failed.then(raise),
      aborted(signal),
    ]);
    return { folder, gateway, services, failed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function manifests(services: readonly DemoService[], settings: Settings): readonly (readonly [string, string])[] {
  const portOf = (title: string) => services.find((service) => service.title === title)!.port;
  const role = { 'shunt.dev/role': 'baseline' };
  const baseline = (name: string, comment: string, annotations = {}) =>
    [`${name}.yaml`, demoManifest({ name, port: portOf(name), labels: role, annotations, comment })] as const;
  const outside = `shop.${settings.previewDomain.split('.').slice(1).join('.') || 'localhost'}`;
  return [
    baseline('frontend', 'A baseline with a name that callers outside the cluster use.', {
      'shunt.dev/hosts': outside,
    }),
    baseline('api', 'A baseline: the label shunt.dev/role opts it in to intercepts.'),
    baseline('identity', 'A baseline that api calls.'),
    baseline('db', 'A baseline that api calls.'),
    [
      'api-pr-123.yaml',
      demoManifest({
        name: 'api-pr-123',
        port: portOf('api@pr-123'),
        labels: { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-123' },
        comment:
          'A preview of api: requests with the key pr-123 come here. Change the key, or delete this file, and see.',
      }),
    ],
  ];
}

function bootstrapOf(settings: Settings, { xds }: ControlPlane) {
  const { nodeId, protocol, gatewayNamespace: namespace, envoyAdmin: admin } = settings;
  return { xds, nodeId, protocol, namespace, admin };
}

function requestLine(title: string, baggage: string | undefined): string {
  return `  ${title} was called${baggage === undefined ? '' : ` with baggage: ${baggage}`}`;
}

/** Envoy shares a port that another program has, so that some requests would go astray. */
async function requireAddresses({ listen, xds, admin, envoyAdmin }: Settings): Promise<void> {
  const addresses = [
    ['listen', listen[0]!],
    ['xds', xds],
    ['admin', admin],
    ['envoy-admin', envoyAdmin],
  ] as const;
  const seen = new Map<string, string>();
  for (const [setting, address] of addresses) {
    const text = formatHostPort(address);
    const other = seen.get(text);
    if (other !== undefined) throw listenFailure(setting, address, `the setting ${other} has it already`);
    seen.set(text, setting);
    await requireFree(setting, address);
  }
}

/** The gateway has its routes a moment before it listens. */
async function listening({ host, port }: HostPort, signal: AbortSignal): Promise<void> {
  for (;;) {
    const socket = connect(port, host);
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await pause(10, undefined, { signal });
  }
}

async function failure(envoy: Envoy): Promise<Error> {
  const { how, lastLines } = await envoy.ended;
  return new Error([`Envoy ended by itself, with ${how}. Its last lines:`, ...lastLines].join('\n'));
}

function raise(error: Error): never {
  throw error;
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
