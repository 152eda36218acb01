import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeGrpcMessage } from '../../../src/xds/grpc-message.ts';
import { denied } from '../../../src/xds/trust/policy.ts';
import { RefusalLog } from '../../../src/xds/trust/refusal-log.ts';
import { Refuser } from '../../../src/xds/trust/refuser.ts';

const HOUR = 60 * 60 * 1_000;

let lines: string[];
let now: number;
let refusals: RefusalLog;
beforeEach(() => {
  lines = [];
  now = 5;
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  refusals = new RefusalLog(log, () => now);
});

test('a client that comes back is not logged again within the hour', () => {
  for (let times = 0; times < 1_000; times++) refusals.tell('10.0.0.1', 'No.');
  now += HOUR - 1;
  refusals.tell('10.0.0.1', 'No.');
  expect(lines).toEqual(['Refused a client at 10.0.0.1: No.']);
});

test('it is logged again after an hour', () => {
  refusals.tell('10.0.0.1', 'No.');
  now += HOUR;
  refusals.tell('10.0.0.1', 'No.');
  expect(lines).toHaveLength(2);
});

test('another client, and another reason, have lines of their own', () => {
  refusals.tell('10.0.0.1', 'No.');
  refusals.tell('10.0.0.2', 'No.');
  refusals.tell('10.0.0.1', 'Not you.');
  expect(lines).toHaveLength(3);
});

test('clients that change their names all the time fill no log, and hide nobody else', () => {
  for (let times = 0; times < 100_000; times++) refusals.tell('10.0.0.1', `Not ${times}.`);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe(
    'Clients at 10.0.0.1 are refused for many different reasons; no more of them are logged within the hour.',
  );
  refusals.tell('10.0.0.2', 'No.');
  expect(lines.at(-1)).toBe('Refused a client at 10.0.0.2: No.');
  now += HOUR;
  refusals.tell('10.0.0.1', 'Not you.');
  expect(lines.at(-1)).toBe('Refused a client at 10.0.0.1: Not you.');
});

test.each([
  ['a sentence as it is', 'No, "x" may not: see /a?b#c.', 'No, "x" may not: see /a?b#c.'],
  ['a percent sign', '100 %', '100 %25'],
  ['what is not ASCII', 'é…', '%C3%A9%E2%80%A6'],
  ['what is beyond the first plane', '😀', '%F0%9F%98%80'],
  ['what would end the header', 'a\r\nb\0', 'a%0D%0Ab%00'],
  ['what is no character', 'a\ud800', 'a%EF%BF%BD'],
])('a status message carries %s', (_, message, encoded) => {
  expect(encodeGrpcMessage(message)).toBe(encoded);
  expect(decodeURIComponent(encoded)).toBe(message.toWellFormed());
});

describe('a client that is refused', () => {
  const server = createServer();
  let client: ClientHttp2Session;
  afterEach(() => {
    client.destroy();
    server.close();
  });

  const refuse = async (refuser: Refuser) => {
    server.once('connection', (socket) => refuser.refuse(socket, denied('No, "ä".')));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  };
  const call = async () => {
    const stream = client.request({ ':method': 'POST', ':path': '/any' });
    const [headers] = await once(stream, 'response');
    stream.close();
    return headers;
  };

  test('has each of its calls answered with the reason', async () => {
    await refuse(new Refuser(1e6));
    for (let times = 0; times < 3; times++) {
      expect(await call()).toMatchObject({
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': '7',
        'grpc-message': 'No, "%C3%A4".',
      });
    }
  });

  test('has to connect anew after a while, so that it shows the certificate that it then has', async () => {
    await refuse(new Refuser(20));
    await once(client, 'close');
    expect(client.closed).toBe(true);
  });

  test('is let go when the server closes', async () => {
    const refuser = new Refuser(1e6);
    await refuse(refuser);
    await call();
    const closed = once(client, 'close');
    refuser.close();
    await closed;
    expect(client.closed).toBe(true);
  });
});
