import { createRequire } from 'node:module';
import {
  type Client,
  type ClientReadableStream,
  credentials,
  makeClientConstructor,
  type ServiceDefinition,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoveryServices } from '../../src/protos/index.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const require = createRequire(import.meta.url);
const ADS = 'envoy.service.discovery.v3.AggregatedDiscoveryService';
const a1 = makeCluster('a', '1');

interface Answer {
  readonly status: string;
}
interface Health extends Client {
  check(request: { service: string }, answer: (error: Error | null, response: Answer) => void): void;
  list(request: object, answer: (error: Error | null, response: { statuses: Record<string, Answer> }) => void): void;
  watch(request: { service: string }): ClientReadableStream<Answer>;
}

let test: TestServer;
let health: Health;

beforeEach(async () => {
  test = await TestServer.start();
  health = connect(test.port);
});

afterEach(async () => {
  health.close();
  await test.close();
});

function connect(port: number): Health {
  const proto = require.resolve('grpc-health-check/proto/health/v1/health.proto');
  const definition = loadSync(proto, { enums: String })['grpc.health.v1.Health'] as ServiceDefinition;
  const Connection = makeClientConstructor(definition, 'Health');
  return new Connection(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  }) as unknown as Health;
}

function check(service: string): Promise<string> {
  return new Promise((resolve, reject) => {
    health.check({ service }, (error, response) => (error === null ? resolve(response.status) : reject(error)));
  });
}

function list(): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    health.list({}, (error, response) => {
      if (error !== null) reject(error);
      else resolve(Object.fromEntries(Object.entries(response.statuses).map(([name, { status }]) => [name, status])));
    });
  });
}

/** What is said of a service, one after the other. */
function watch(service: string) {
  const stream = health.watch({ service });
  const heard: string[] = [];
  const waiting: (() => void)[] = [];
  stream.on('data', (answer: Answer) => {
    heard.push(answer.status);
    for (const look of waiting.splice(0)) look();
  });
  // The status says the same.
  stream.on('error', () => {});
  const ended = new Promise<StatusObject>((resolve) => stream.on('status', resolve));
  const until = async (last: string): Promise<readonly string[]> => {
    while (heard.at(-1) !== last) await new Promise<void>((resolve) => waiting.push(resolve));
    return heard;
  };
  return { stream, heard, ended, until };
}

describe('gRPC health', () => {
  it('costs nothing until somebody asks', async () => {
    const loaded = () => Object.keys(require.cache).some((file) => file.includes('/grpc-health-check/'));
    expect(loaded()).toBe(false);
    await check('');
    expect(loaded()).toBe(true);
  });

  it('is NOT_SERVING until there is something to serve, even if that is nothing', async () => {
    expect(await check('')).toBe('NOT_SERVING');
    expect(await check(ADS)).toBe('NOT_SERVING');
    test.apply();
    expect(await check('')).toBe('SERVING');
    expect(await check(ADS)).toBe('SERVING');
  });

  it('is SERVING at the first question if there was something to serve before', async () => {
    test.apply(a1);
    expect(await check(ADS)).toBe('SERVING');
  });

  it('is that of the server and of each service', async () => {
    test.apply(a1);
    const statuses = await list();
    expect(new Set(Object.values(statuses))).toEqual(new Set(['SERVING']));
    expect(Object.keys(statuses).sort()).toEqual(
      [
        '',
        ...discoveryServices().map(({ name }) => name),
        'envoy.service.status.v3.ClientStatusDiscoveryService',
      ].sort(),
    );
  });

  it('says of other services that it does not know them', async () => {
    await expect(check('acme.Rockets')).rejects.toMatchObject({ code: status.NOT_FOUND });
    const { until, stream } = watch('acme.Rockets');
    expect(await until('SERVICE_UNKNOWN')).toEqual(['SERVICE_UNKNOWN']);
    stream.cancel();
  });

  it('is told to those who watch when it changes, and not when only the world does', async () => {
    const { until, heard, stream } = watch(ADS);
    await until('NOT_SERVING');
    test.apply(a1);
    await until('SERVING');
    test.apply(makeCluster('a', '2'));
    // Its answer comes after whatever was told of the change.
    await check('');
    expect(heard).toEqual(['NOT_SERVING', 'SERVING']);
    stream.cancel();
  });

  it('is NOT_SERVING when the server closes, and those who watch do not hold that up', async () => {
    test.apply(a1);
    const watches = [watch(''), watch(ADS), watch('acme.Rockets')];
    await watches[0]!.until('SERVING');
    await watches[1]!.until('SERVING');
    await watches[2]!.until('SERVICE_UNKNOWN');
    const closed = test.server.close();
    for (const { ended } of watches) expect(await ended).toMatchObject({ code: status.OK });
    expect(watches.map(({ heard }) => heard)).toEqual([
      ['SERVING', 'NOT_SERVING'],
      ['SERVING', 'NOT_SERVING'],
      ['SERVICE_UNKNOWN'],
    ]);
    await closed;
  });
});
