import { type EventEmitter, once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyOrSkip } from '../support/envoy.ts';
import { baselineManifest, previewManifest, type ServiceFields, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { type Stage, startStage } from '../support/stage.ts';
import { type StreamService, startStreamService, TALK, WHO } from '../support/stream-service.ts';

const envoy = await envoyOrSkip();

/** Ports that speak gRPC, by what says so. */
const GRPC_PORTS = {
  'port-name': { name: 'grpc', port: 9000 },
  'port-prefix': { name: 'grpc-talk', port: 9000 },
  'app-protocol': { name: 'talk', port: 9000, appProtocol: 'grpc' },
  h2c: { name: 'talk', port: 9000, appProtocol: 'kubernetes.io/h2c' },
} as const;

/** What a key leads to: a preview, or its baseline in place of one that has no endpoints or refuses connections. */
const KEYS = { ready: 'copy', none: 'base', refusing: 'base' } as const;
type Key = keyof typeof KEYS;

let base: StreamService;
let copy: StreamService;
let stage: Stage;
let world: (without?: Key) => Parameters<typeof startStage>[0];

beforeAll(async () => {
  if (envoy === undefined) return;
  [base, copy] = [await startStreamService('base'), await startStreamService('copy')];
  const dead = await freePort();
  const family = (name: string, portOf: (service: StreamService) => number, fields: ServiceFields, without?: Key) => {
    const portName = fields.ports?.[0]?.name ?? 'http';
    const preview = (key: Key, ports: readonly number[]) =>
      key === without
        ? []
        : [
            previewManifest(`shop/${name}-${key}`, name, key, fields),
            ...sliceManifests(`shop/${name}-${key}`, ports, { portName }),
          ];
    return [
      baselineManifest(`shop/${name}`, fields),
      ...sliceManifests(`shop/${name}`, [portOf(base)], { portName }),
      ...preview('ready', [portOf(copy)]),
      ...preview('none', []),
      ...preview('refusing', [dead]),
    ];
  };
  world = (without) => [
    ...family('web', ({ http1Port }) => http1Port, {}, without),
    ...Object.entries(GRPC_PORTS).flatMap(([name, port]) =>
      family(name, ({ grpcPort }) => grpcPort, { ports: [port] }, without),
    ),
  ];
  stage = await startStage(world());
});
afterAll(async () => {
  await stage?.stop();
  for (const service of [base, copy]) await service?.close();
});

describe.skipIf(envoy === undefined).each(Object.entries(KEYS) as [Key, string][])(
  'with the key %s, %s',
  (key, title) => {
    describe.each(Object.keys(GRPC_PORTS))('over gRPC (%s)', (host) => {
      let client: Client;
      const keyed = new Metadata();
      keyed.set('x-preview', key);
      beforeAll(() => {
        const target = `127.0.0.1:${stage.shunt.gatewayPort}`;
        client = new Client(target, credentials.createInsecure(), { 'grpc.default_authority': `${host}:9000` });
      });
      afterAll(() => client?.close());

      const statusOf = async (call: EventEmitter) => {
        const [{ code, metadata }] = (await once(call, 'status')) as [{ code: status; metadata: Metadata }];
        return { code, who: metadata.get(WHO) };
      };

      test('answers a call, with its trailers', async () => {
        const { call, answer } = say(client, keyed);
        const ended = statusOf(call);
        expect(await answer).toBe(`${title}: hello`);
        expect(await ended).toEqual({ code: status.OK, who: [title] });
      });

      test('streams answers, with their trailers', async () => {
        const { list } = TALK;
        const call = client.makeServerStreamRequest(
          ...([list.path, list.requestSerialize, list.responseDeserialize, 'a b c', keyed] as const),
        );
        const ended = statusOf(call);
        const heard: string[] = [];
        for await (const text of call) heard.push(text as string);
        expect(heard).toEqual(['a', 'b', 'c'].map((word) => `${title}: ${word}`));
        expect(await ended).toEqual({ code: status.OK, who: [title] });
      });

      test('streams both ways, each message when it is said, with trailers at the end', async () => {
        const { chat } = TALK;
        const call = client.makeBidiStreamRequest(chat.path, chat.requestSerialize, chat.responseDeserialize, keyed);
        const ended = statusOf(call);
        for (const word of ['one', 'two', 'three']) {
          call.write(word);
          expect(await once(call, 'data')).toEqual([`${title}: ${word}`]);
        }
        call.end();
        call.resume();
        expect(await ended).toEqual({ code: status.OK, who: [title] });
      });
    });

    test('takes upgrades, such as to a WebSocket, both ways', async () => {
      const socket = await upgraded(key);
      for (const word of ['one', 'two']) {
        socket.write(word);
        expect(String(await once(socket, 'data'))).toBe(`${title}: ${word}`);
      }
      socket.destroy();
    });

    test('hands on server-sent events as they come', async () => {
      const asked = web('/events', key);
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(response.headers['content-type']).toBe('text/event-stream');
      expect(String(await once(response, 'data'))).toBe(`data: ${title}\n\n`);
      for (const service of [base, copy]) service.tell();
      expect(String(await once(response, 'data'))).toBe(`data: ${title}\n\n`);
      asked.destroy();
    });

    test('waits for the answer to a long poll', async () => {
      const asked = web('/wait', key);
      let answered = false;
      const response = once(asked, 'response').then(([got]: unknown[]) => {
        answered = true;
        return got as IncomingMessage;
      });
      // What was asked later on another connection is answered before.
      const events = web('/events', key);
      const [first] = (await once(events, 'response')) as [IncomingMessage];
      await once(first, 'data');
      expect(answered).toBe(false);
      while (!answered) {
        for (const service of [base, copy]) service.tell();
        await pause(2);
      }
      expect(String(await once(await response, 'data'))).toBe(title);
      events.destroy();
    });
  },
);

describe.skipIf(envoy === undefined)('a stream to a preview', () => {
  test('goes on when the preview is gone, and only the next reaches the baseline', async () => {
    const target = `127.0.0.1:${stage.shunt.gatewayPort}`;
    const client = new Client(target, credentials.createInsecure(), { 'grpc.default_authority': 'h2c:9000' });
    const keyed = new Metadata();
    keyed.set('x-preview', 'ready');
    const { chat } = TALK;
    const begin = () => client.makeBidiStreamRequest(chat.path, chat.requestSerialize, chat.responseDeserialize, keyed);
    const says = async (call: ReturnType<typeof begin>, word: string) => {
      call.write(word);
      return (await once(call, 'data'))[0] as string;
    };
    const [call, socket] = [begin(), await upgraded('ready')];
    expect(await says(call, 'before')).toBe('copy: before');
    await stage.folder.write('world', world('ready'));
    try {
      while ((await say(client, keyed).answer) !== 'base: hello') await pause(2);
      expect(await says(call, 'after')).toBe('copy: after');
      socket.write('after');
      expect(String(await once(socket, 'data'))).toBe('copy: after');
      const next = begin();
      expect(await says(next, 'next')).toBe('base: next');
      for (const each of [call, next]) {
        each.end();
        each.resume();
        await once(each, 'status');
      }
    } finally {
      socket.destroy();
      client.close();
      await stage.folder.write('world', world());
    }
  });
});

function say(client: Client, keyed: Metadata) {
  const { path, requestSerialize, responseDeserialize } = TALK.say;
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'hello', keyed, (error, text) =>
    error === null ? resolve(text) : reject(error),
  );
  return { call, answer: promise };
}

function web(path: string, key: Key, headers: Readonly<Record<string, string>> = {}): ClientRequest {
  const asked = request({
    ...{ host: '127.0.0.1', port: stage.shunt.gatewayPort, path, agent: false },
    headers: { host: 'web', 'x-preview': key, ...headers },
  });
  asked.on('error', () => {});
  asked.end();
  return asked;
}

async function upgraded(key: Key): Promise<Duplex> {
  const asked = web('/', key, { connection: 'upgrade', upgrade: 'websocket' });
  const [, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, Duplex];
  return socket;
}
