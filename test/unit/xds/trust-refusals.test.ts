import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { encodeGrpcMessage } from '../../../src/xds/grpc-message.ts';
import { RefusalLog } from '../../../src/xds/trust/refusal-log.ts';

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

test('clients that change their names all the time fill no log', () => {
  for (let times = 0; times < 100_000; times++) refusals.tell('10.0.0.1', `Not ${times}.`);
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('Many different clients are refused; no more of them are logged within the hour.');
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
