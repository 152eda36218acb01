import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import { typeUrls } from '../../src/protos/index.ts';
import { defaultSettings } from '../../src/settings/index.ts';
import type { PreviewStatus } from '../../src/status/index.ts';
import { History } from '../support/history.ts';
import { baseline, pod, preview, slice } from '../support/records.ts';
import { XdsClient } from '../support/xds-client.ts';
import { ScriptedSource } from '../unit/sources/last-good/scripted-source.ts';

const EDS = typeUrls.loadAssignment;
const ASSIGNMENT = 'shop/api/80';

interface Line {
  readonly msg: string;
  readonly problem?: { readonly code: string; readonly object: string };
  readonly mended?: { readonly code: string; readonly object: string };
}

describe('an Envoy that refuses a resource', () => {
  let source: ScriptedSource;
  let shunt: ControlPlane;
  let client: XdsClient;
  let stream: ReturnType<XdsClient['delta']>;
  const lines = new History<Line>();

  beforeEach(async () => {
    source = new ScriptedSource();
    shunt = await startControlPlane({
      settings: defaultSettings({ xds: { host: '127.0.0.1', port: 0 }, admin: { host: '127.0.0.1', port: 0 } }),
      source,
      log: createLogger('info', { write: (line) => lines.add(JSON.parse(line) as Line) }),
    });
    await source.started;
    source.say({ upserts: [baseline('shop/api'), slice('shop/api', ['10.0.0.1'])], deletes: [] });
    client = new XdsClient(shunt.xds.port);
    stream = client.delta();
    stream.send({
      node: { id: 'gw-1' },
      type_url: EDS,
      resource_names_subscribe: [ASSIGNMENT],
    });
    acknowledge(await stream.next());
  });
  afterEach(async () => {
    stream.cancel();
    client.close();
    await shunt.close();
  });

  type Response = Awaited<ReturnType<typeof stream.next>>;
  function acknowledge({ nonce }: Response): void {
    stream.send({ type_url: EDS, response_nonce: nonce });
  }
  function refuse({ nonce }: Response): void {
    stream.send({ type_url: EDS, response_nonce: nonce, error_detail: { code: 13, message: 'malformed address' } });
  }
  const said = (field: 'problem' | 'mended', object: string, from = 0) =>
    lines.first((line) => line[field]?.code === 'gateway-refuses' && line[field].object === object, from);

  test('is told of to the owner of the preview that the change was for, in the log and in the status, until it is mended', async () => {
    source.say({ upserts: [preview('shop/copy', 'api', 'k'), slice('shop/copy', ['10.0.0.9'])], deletes: [] });
    const from = lines.all.length;
    refuse(await stream.next());
    expect((await said('problem', 'Service shop/copy', from)).msg).toBe(
      'Service shop/copy: the gateway "gw-1" refuses ClusterLoadAssignment shop/api/80, which it is part of, and keeps what ' +
        'it had: malformed address Take back the last change of it, or write what the gateway can take.',
    );
    const answer = await fetch(`http://127.0.0.1:${shunt.admin.port}/api/v1/previews`);
    const { previews } = (await answer.json()) as { previews: readonly PreviewStatus[] };
    expect(previews[0]!.problems).toMatchObject([{ code: 'gateway-refuses' }]);

    source.say({ upserts: [slice('shop/copy', ['10.0.0.10'])], deletes: [] });
    acknowledge(await stream.next());
    await said('mended', 'Service shop/copy', from);
  });

  test('is told of to the owner of Pods by what made them, and of an endpoint by its Service', async () => {
    source.say({ upserts: [pod('shop/copy-1', 'api', 'k')], deletes: [] });
    refuse(await stream.next());
    await said('problem', 'Deployment shop/copy');
    const from = lines.all.length;
    source.say({ upserts: [slice('shop/api', ['10.0.0.2'])], deletes: [] });
    refuse(await stream.next());
    await said('problem', 'Service shop/api', from);
  });

  test('is told of no longer when it has gone', async () => {
    source.say({ upserts: [preview('shop/copy', 'api', 'k'), slice('shop/copy', ['10.0.0.9'])], deletes: [] });
    const from = lines.all.length;
    refuse(await stream.next());
    await said('problem', 'Service shop/copy', from);
    stream.cancel();
    await said('mended', 'Service shop/copy', from);
  });
});
