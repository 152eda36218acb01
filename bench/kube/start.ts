import { mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ApiServer } from '../../test/support/apiserver.ts';
import { freePort } from '../../test/support/ports.ts';
import { startProcess } from '../process.ts';
import type { Session } from '../session.ts';
import { type ApiObject, addressOf, BASELINE, service, slice } from './objects.ts';
import { populate } from './writer.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Slices of each Service, and endpoints of each slice. */
const SLICES = 2;
const ENDPOINTS = 5;

const PATIENCE_MS = 120_000;

export interface StartSample {
  readonly services: number;
  readonly slices: number;
  /** From starting the process until it is ready to serve Envoys. */
  readonly readyMs: number;
  /** The most that the process had in memory until then. */
  readonly peakMib: number;
}

/** Starts `shunt serve` on a namespace in which every Service is a baseline of 2 EndpointSlices. */
export async function measureStart(
  server: ApiServer,
  services: number,
  { signal, surroundings }: Session,
): Promise<StartSample> {
  const namespace = 'bench-start';
  await populate(server, namespace, [...world(namespace, services)], signal);
  const { folder, onStart, onFailure } = surroundings('start');
  mkdirSync(folder, { recursive: true });
  const admin = await freePort();
  const source = ['--kubernetes', '--kubeconfig', server.kubeconfig('admin'), '--namespace', namespace];
  const ports = ['--xds', '127.0.0.1:0', '--admin', `127.0.0.1:${admin}`];
  const ends: (() => Promise<void>)[] = [];
  const start = performance.now();
  const pid = await startProcess({
    title: 'shunt serve',
    command: process.execPath,
    args: [program, 'serve', ...source, ...ports],
    log: join(folder, 'shunt.log'),
    onStart: (end) => {
      ends.push(end);
      onStart(end);
    },
    onFailure,
  });
  while (!(await isReady(admin))) {
    signal.throwIfAborted();
    if (performance.now() - start > PATIENCE_MS) throw new Error(`shunt serve is not ready after ${PATIENCE_MS} ms.`);
    await pause(10);
  }
  const readyMs = performance.now() - start;
  const peakMib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
  for (const end of ends) await end();
  return { services, slices: services * SLICES, readyMs, peakMib };
}

function* world(namespace: string, services: number): Generator<ApiObject> {
  let address = 0;
  for (let index = 0; index < services; index++) {
    const name = `service-${index}`;
    yield service(namespace, name, BASELINE);
    for (let number = 1; number <= SLICES; number++) {
      const addresses = Array.from({ length: ENDPOINTS }, () => addressOf(address++));
      yield slice(namespace, `${name}-${number}`, { service: name, addresses, port: 8080 });
    }
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}
