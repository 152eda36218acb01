import { describe, expect, it } from 'vitest';
import { ResourceStore } from '../../../src/resources/index.ts';
import { Answers } from '../../../src/xds/answers.ts';
import { clientConfig } from '../../../src/xds/csds/client-config.ts';
import type { Action, DeltaRequest, SotwRequest } from '../../../src/xds/protocol.ts';
import type { TypeReport } from '../../../src/xds/report.ts';
import { deltaStream, type Stream, sotwStream } from '../../../src/xds/stream.ts';
import {
  ack,
  ask,
  change,
  introduced,
  nack,
  resource,
  type Script,
  type Step,
  TYPES,
  type TypeName,
  world,
} from './script.ts';

/**
 * Tables of a world, of events, and of what CSDS says then: type, name, status as the server sees it and as the client
 * does, the version that the client has accepted, `…` if its content is not known here, and what it has refused.
 */
type Event<Request extends SotwRequest | DeltaRequest> = Step<Request>[0];
type Table<Request extends SotwRequest | DeltaRequest> = Record<
  string,
  readonly [world: string[], events: Event<Request>[], expected: string[]]
>;

function sotwTable(table: Table<SotwRequest>): void {
  runTable(table, (store) => sotwStream({ id: 's', view: store.view() }));
}

function deltaTable(table: Table<DeltaRequest>): void {
  runTable(table, (store) => deltaStream({ id: 's', view: store.view() }));
}

function runTable<Request extends SotwRequest | DeltaRequest>(
  table: Table<Request>,
  open: (store: ResourceStore) => Stream<Request>,
): void {
  it.each(Object.entries(table))('%s', (_name, [present, events, expected]) => {
    const store = new ResourceStore();
    store.apply({ set: present.map(resource), remove: [] });
    const script: Script<Request> = { store, stream: open(store), nonces: new Map(), names: new Map() };
    const answers = new Map<string, Answers>();
    for (const event of events) for (const action of event(script)) note(action, script, answers);
    expect(told(script.stream, answers)).toEqual(expected);
  });
}

/** What a connection does with what the state machine says. */
function note(action: Action, script: Script<SotwRequest | DeltaRequest>, answers: Map<string, Answers>): void {
  if (action.type === 'fail') throw new Error(action.message);
  const type = typeNamed(action.typeUrl);
  if (action.type === 'respond') {
    script.nonces.set(type, [...(script.nonces.get(type) ?? []), action.nonce]);
    return;
  }
  const ofType = answers.get(action.typeUrl) ?? new Answers(() => true);
  answers.set(action.typeUrl, ofType);
  if (action.type === 'acknowledged') ofType.accept(action.changes, 1);
  else ofType.refuse(action.changes, action.error, 2);
}

function told<Request extends SotwRequest | DeltaRequest>(
  stream: Stream<Request>,
  answers: ReadonlyMap<string, Answers>,
): string[] {
  const types = stream.types().map(
    (type): TypeReport => ({
      typeUrl: type.typeUrl,
      standings: type.standings(),
      answers: answers.get(type.typeUrl) ?? new Answers(() => true),
    }),
  );
  const node = { id: 'n', cluster: '', metadata: {}, userAgent: '', clientFeatures: [] };
  const report = { peer: '', node, nodeMessage: { client_features: [] }, types: () => types };
  return [...clientConfig([report], true, 100)].flatMap(({ generic_xds_configs: configs = [] }) =>
    configs.map((config) => {
      const type = typeNamed(config.type_url!);
      const name = config.name!;
      const { failed_configuration: failed, ...error } = config.error_state ?? {};
      const refused =
        error.details === undefined
          ? ''
          : ` refused ${content(type, name, error.version_info!, failed)}: ${error.details}`;
      const accepted =
        config.version_info === '' ? '' : ` ${content(type, name, config.version_info!, config.xds_config)}`;
      // Nobody is told when something happened that did not.
      expect(config.last_updated === null).toBe(accepted === '');
      return `${type} ${name} ${config.config_status} ${config.client_status}${accepted}${refused}`;
    }),
  );
}

/** `@1`, or `@1…` without the resource itself; `-` for a removal. */
function content(type: TypeName, name: string, version: string, any: object | null | undefined): string {
  if (version === '') return '-';
  const made = ['0', '1', '2', '3'].map((text) => [text, resource(`${type} ${name}@${text}`)] as const);
  const [text, found] = made.find(([, { version: candidate }]) => candidate === version)!;
  if (any) expect(any).toEqual({ type_url: found.typeUrl, value: found.body });
  return `@${text}${any ? '' : '…'}`;
}

function typeNamed(typeUrl: string): TypeName {
  return Object.entries(TYPES).find(([, url]) => url === typeUrl)![0] as TypeName;
}

const versionOf = (text: string) => resource(text).version;

describe('CSDS says of a state-of-the-world client', () => {
  sotwTable({
    'that it has what it has accepted': [['CDS a@1'], [ask('CDS', []), ack('CDS')], ['CDS a SYNCED ACKED @1']],
    'that it has yet to answer': [['CDS a@1'], [ask('CDS', [])], ['CDS a STALE REQUESTED']],
    'that it has yet to answer a change, and what it has until then': [
      ['CDS a@1'],
      [ask('CDS', []), ack('CDS'), world('CDS a@2')],
      ['CDS a STALE ACKED @1'],
    ],
    'that the latest is not sent, while an older one is unanswered': [
      ['CDS a@1'],
      [ask('CDS', []), world('CDS b@1')],
      ['CDS a STALE REQUESTED', 'CDS b NOT_SENT REQUESTED'],
    ],
    'that the latest is not sent, while it waits for what comes before it': [
      ['CDS a@1', 'RDS r@1'],
      [ask('CDS', []), ack('CDS'), ask('RDS', ['r']), ack('RDS'), world('CDS a@2', 'RDS r@2')],
      ['CDS a STALE ACKED @1', 'RDS r NOT_SENT ACKED @1'],
    ],
    'what it refused, and why': [
      ['CDS a@1'],
      [ask('CDS', []), nack('CDS')],
      ['CDS a ERROR NACKED refused @1: no good'],
    ],
    'what it refused and what it has instead': [
      ['CDS a@1'],
      [ask('CDS', []), ack('CDS'), world('CDS a@2'), nack('CDS')],
      ['CDS a ERROR NACKED @1 refused @2: no good'],
    ],
    'what it refused last, until it has accepted another': [
      ['CDS a@1'],
      [ask('CDS', []), ack('CDS'), world('CDS a@2'), nack('CDS'), world('CDS a@3')],
      ['CDS a STALE NACKED @1 refused @2…: no good'],
    ],
    'nothing of a refusal after it has accepted another': [
      ['CDS a@1'],
      [ask('CDS', []), ack('CDS'), world('CDS a@2'), nack('CDS'), world('CDS a@3'), ack('CDS')],
      ['CDS a SYNCED ACKED @3'],
    ],
    'what it refused last, also when that is taken back': [
      ['CDS a@1'],
      [ask('CDS', []), ack('CDS'), world('CDS a@2'), nack('CDS'), world('CDS a@1')],
      ['CDS a SYNCED NACKED @1 refused @2…: no good'],
    ],
    'which of several is at fault, once they were tried one by one': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a', 'b']), nack('EDS'), ack('EDS'), nack('EDS')],
      ['EDS a SYNCED ACKED @1', 'EDS b ERROR NACKED refused @1: no good'],
    ],
    'that any of several may be at fault, until they were tried': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a', 'b']), nack('EDS')],
      ['EDS a STALE NACKED refused @1: no good', 'EDS b ERROR NACKED refused @1: no good'],
    ],
    'that nobody knows what it has, if it came with another state and refused this one': [
      ['CDS a@1', 'CDS b@1'],
      [ask('CDS', [], { version: 'of old' }), nack('CDS')],
      ['CDS a ERROR NACKED refused @1: no good', 'CDS b ERROR NACKED refused @1: no good'],
    ],
    'that it asks for what does not exist, which it cannot be told': [
      ['EDS a@1'],
      [ask('EDS', ['a', 'ghost']), ack('EDS')],
      ['EDS a SYNCED ACKED @1', 'EDS ghost NOT_SENT DOES_NOT_EXIST'],
    ],
    'that it has what is gone, which it cannot be told': [
      ['EDS a@1'],
      [ask('EDS', ['a']), ack('EDS'), world('-EDS a')],
      ['EDS a NOT_SENT ACKED @1'],
    ],
    'that it was told by a state without it what does not exist': [
      ['CDS a@1'],
      [ask('CDS', ['a', 'ghost']), ack('CDS')],
      ['CDS a SYNCED ACKED @1', 'CDS ghost SYNCED DOES_NOT_EXIST'],
    ],
    'nothing of what it gave up': [
      ['EDS a@1', 'EDS b@1'],
      [ask('EDS', ['a', 'b']), ack('EDS', { names: ['b'] })],
      ['EDS b SYNCED ACKED @1'],
    ],
  });
});

describe('CSDS says of a delta client', () => {
  deltaTable({
    'that it has what it has accepted': [['CDS a@1'], [change('CDS'), ack('CDS')], ['CDS a SYNCED ACKED @1']],
    'that it has yet to answer': [['CDS a@1'], [change('CDS')], ['CDS a STALE REQUESTED']],
    'that it has yet to answer that there is nothing': [
      [],
      [change('EDS', { subscribe: ['ghost'] })],
      ['EDS ghost STALE REQUESTED'],
    ],
    'that it knows that there is nothing': [
      [],
      [change('EDS', { subscribe: ['ghost'] }), ack('EDS')],
      ['EDS ghost SYNCED DOES_NOT_EXIST'],
    ],
    'that a removal is not sent, while others may still refer to it': [
      ['CDS a@1'],
      [change('CDS'), ack('CDS'), world('-CDS a')],
      ['CDS a NOT_SENT ACKED @1'],
    ],
    'that it has yet to answer a removal, and what it has until then': [
      ['CDS a@1', 'CDS b@1'],
      [introduced, change('CDS'), ack('CDS'), world('-CDS a')],
      ['CDS b SYNCED ACKED @1', 'CDS a STALE ACKED @1'],
    ],
    'nothing of what is gone, once it has accepted that': [
      ['CDS a@1', 'CDS b@1'],
      [introduced, change('CDS'), ack('CDS'), world('-CDS a'), ack('CDS')],
      ['CDS b SYNCED ACKED @1'],
    ],
    'that what it asked for by name is gone': [
      ['EDS a@1'],
      [introduced, change('EDS', { subscribe: ['a'] }), ack('EDS'), world('-EDS a'), ack('EDS')],
      ['EDS a SYNCED DOES_NOT_EXIST'],
    ],
    'that it refuses that something is gone': [
      ['EDS a@1'],
      [introduced, change('EDS', { subscribe: ['a'] }), ack('EDS'), world('-EDS a'), nack('EDS')],
      ['EDS a ERROR NACKED @1 refused -: no good'],
    ],
    'that it came back with what there is': [
      ['CDS a@1'],
      [change('CDS', { initialVersions: new Map([['a', versionOf('CDS a@1')]]) })],
      ['CDS a SYNCED ACKED @1'],
    ],
    'what it came back with, of which the content is not known here': [
      ['CDS a@1', 'CDS b@1'],
      [
        change('CDS', {
          initialVersions: new Map([
            ['a', versionOf('CDS a@0')],
            ['b', versionOf('CDS b@1')],
          ]),
        }),
      ],
      ['CDS a STALE ACKED @0…', 'CDS b SYNCED ACKED @1'],
    ],
    'what it refused and what it has instead': [
      ['CDS a@1'],
      [change('CDS'), ack('CDS'), world('CDS a@2'), nack('CDS')],
      ['CDS a ERROR NACKED @1 refused @2: no good'],
    ],
    'that it has what it has, while that is sent again': [
      ['EDS a@1'],
      [change('EDS', { subscribe: ['a'] }), ack('EDS'), change('EDS', { subscribe: ['a'] })],
      ['EDS a SYNCED ACKED @1'],
    ],
    'nothing of what it gave up': [
      ['EDS a@1', 'EDS b@1'],
      [change('EDS', { subscribe: ['a', 'b'] }), ack('EDS'), change('EDS', { unsubscribe: ['a'] })],
      ['EDS b SYNCED ACKED @1'],
    ],
    'only of the types that it asks for': [
      ['CDS a@1', 'LDS l@1'],
      [change('LDS'), ack('LDS')],
      ['LDS l SYNCED ACKED @1'],
    ],
  });
});
