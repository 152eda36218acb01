import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type ChannelCredentials, credentials, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { struct, typeUrls } from '../../src/protos/index.ts';
import type { ClientPolicy, TlsOptions } from '../../src/xds/index.ts';
import { MountedSecret } from '../support/certificate-folder.ts';
import { Authority, noCertificates, type Pair, type Subject } from '../support/certificates.ts';
import { History } from '../support/history.ts';
import { ManifestFolder } from '../support/manifests.ts';
import { startWatchedShunt } from '../support/shunt.ts';
import { XdsClient } from '../support/xds-client.ts';
import { makeCluster, TestServer } from '../support/xds-server.ts';

const { cluster } = typeUrls;
const a1 = makeCluster('a', '1');
const a2 = makeCluster('a', '2');
const SERVER = ['IP:127.0.0.1', 'DNS:localhost'];
const GATEWAY = 'spiffe://example.com/ns/shop/sa/gateway';

describe.skipIf(noCertificates !== undefined)('trust', () => {
  let ours: Authority;
  let theirs: Authority;
  let served: Pair;
  let secret: MountedSecret;
  let lines: History<string>;
  let test: TestServer;
  let clients: XdsClient[];

  beforeAll(() => {
    ours = new Authority('ours');
    theirs = new Authority('theirs');
    served = ours.issue({ names: SERVER, use: 'serverAuth' });
  });
  afterAll(() => {
    ours?.delete();
    theirs?.delete();
  });
  beforeEach(() => {
    secret = new MountedSecret({ ...served, ca: ours.certificate });
    lines = new History();
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await test?.close();
    secret.delete();
  });

  /** Serves `a1` over TLS; mutual TLS unless the CA is left out. */
  const start = async (options: Partial<TlsOptions> = {}) => {
    const log = pino({}, { write: (line: string) => lines.add(JSON.parse(line).msg) });
    const tls = { files: secret.files, timing: { lookMs: 1e9, patienceMs: 1 }, ...options };
    test = await TestServer.start({ log, tls, limits: { closeMs: 200 } });
    test.apply(a1);
  };
  const clientWith = (trust: ChannelCredentials) => {
    const client = new XdsClient(test.port, trust);
    clients.push(client);
    return client;
  };
  /** A client that trusts our CA and shows a certificate, if there is one. */
  const clientOf = (pair?: Pair) =>
    clientWith(
      credentials.createSsl(
        Buffer.from(ours.certificate),
        pair && Buffer.from(pair.key),
        pair && Buffer.from(pair.certificate),
      ),
    );
  const clientNamed = (name: string, rest: Partial<Subject> = {}) =>
    clientOf(ours.issue({ names: [`URI:${name}`], use: 'clientAuth', ...rest }));
  const subscribe = (client: XdsClient, id = 'one', metadata = {}) => {
    const stream = client.delta();
    stream.send({ node: { id, metadata: struct(metadata) }, type_url: cluster });
    return stream;
  };
  /** The version of `a` that comes next, and is acknowledged. */
  const taken = async (stream: ReturnType<XdsClient['delta']>) => {
    const { nonce, resources } = await stream.next();
    stream.send({ type_url: cluster, response_nonce: nonce! });
    return resources[0]?.version;
  };
  /** The version of `a` that the client is given. */
  const given = async (client: XdsClient) => (await subscribe(client).next()).resources[0]?.version;
  const refusals = () => lines.all.filter((line) => line.startsWith('Refused'));

  describe('plaintext', () => {
    // An address that says of itself no more than that it is not the usual loopback; nobody else reaches it all the same.
    const xds = { host: '::ffff:127.0.0.1', port: 0 };
    let folder: ManifestFolder;
    beforeEach(async () => {
      folder = await ManifestFolder.create();
    });
    afterEach(() => folder.delete());

    it('is warned about at the start where others than this machine may reach the port', async () => {
      const shunt = await startWatchedShunt(folder, { xds, xdsPlaintext: true });
      await shunt.stop();
      expect(shunt.log.all.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
        'The port for Envoys, [::ffff:127.0.0.1]:0, is open in plaintext to whoever reaches it, as xds-plaintext says: ' +
          'they can read all configuration, and whoever sits on the way can change it.',
      ]);
    });

    it('is not served there unasked', async () => {
      await expect(startWatchedShunt(folder, { xds })).rejects.toThrow('setting xds: at "[::ffff:127.0.0.1]:0" others');
    });

    it('is nothing to warn about on this machine alone', async () => {
      const shunt = await startWatchedShunt(folder);
      await shunt.stop();
      expect(shunt.log.all.filter(({ level }) => level === 'warn')).toEqual([]);
    });
  });

  describe('TLS', () => {
    const withoutCa = () => ({ files: { ...secret.files, ca: undefined } });

    it('serves a client that trusts the certificate, whoever it is', async () => {
      await start(withoutCa());
      expect(await given(clientOf())).toBe(a1.version);
      expect(await given(clientOf(theirs.issue({ names: ['DNS:anyone'] })))).toBe(a1.version);
    });

    it('serves nothing in plaintext, and logs once who tried', async () => {
      await start(withoutCa());
      for (let times = 0; times < 3; times++) {
        const stream = subscribe(clientWith(credentials.createInsecure()));
        expect(await stream.ended).toMatchObject({ code: status.UNAVAILABLE });
      }
      await lines.first((line) => line.startsWith('Refused'));
      expect(refusals()).toEqual([
        'Refused a client at 127.0.0.1: It does not speak TLS, as this port does (wrong version number).',
      ]);
    });

    it('says nothing of those who connect and hang up', async () => {
      await start(withoutCa());
      const probe = connectTcp(test.port, '127.0.0.1');
      await once(probe, 'connect');
      probe.destroy();
      expect(await given(clientOf())).toBe(a1.version);
      expect(refusals()).toEqual([]);
    });

    it('is refused at the start with certificates that cannot be used, and then nothing listens', async () => {
      const { key } = ours.issue({ names: [] });
      secret.replace({ key });
      const port = await unusedPort();
      test = new TestServer({ tls: { files: secret.files } });
      await expect(test.server.listen('127.0.0.1', port)).rejects.toThrow(
        `The key "${secret.files.key}" is not that of the certificate "${secret.files.certificate}".`,
      );
      const refused = connectTcp(port, '127.0.0.1');
      expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
    });

    it('is refused at an address that is taken, with a sentence that names the setting', async () => {
      await start();
      const other = new TestServer({ tls: { files: secret.files } });
      await expect(other.server.listen('127.0.0.1', test.port)).rejects.toThrow(
        `127.0.0.1:${test.port} cannot be used (another program listens there)`,
      );
      await other.close();
    });
  });

  describe('mutual TLS', () => {
    it('serves a client with a certificate from the CA', async () => {
      await start();
      expect(await given(clientNamed(GATEWAY))).toBe(a1.version);
    });

    const UNTRUSTED = 'give the client a valid one, from the CA that this control plane trusts.';
    it.each<[string, () => Pair | undefined, string]>([
      [
        'no certificate',
        () => undefined,
        'This control plane asks for a client certificate, and none was shown; give the client one from the CA that it trusts.',
      ],
      [
        'a certificate from another CA',
        () => theirs.issue({ names: [`URI:${GATEWAY}`] }),
        `The client certificate of ${GATEWAY} comes from another CA; ${UNTRUSTED}`,
      ],
      [
        'one that has expired',
        () => ours.issue({ names: [`URI:${GATEWAY}`], days: -1 }),
        `The client certificate of ${GATEWAY} has expired; ${UNTRUSTED}`,
      ],
      [
        'one that is for servers',
        () => ours.issue({ names: [], use: 'serverAuth' }),
        `The client certificate of CN=test is not one for clients; ${UNTRUSTED}`,
      ],
    ])('tells a client with %s why it is refused, and logs that once', async (_, issue, sentence) => {
      await start();
      const pair = issue();
      for (let times = 0; times < 3; times++) {
        const client = clientOf(pair);
        for (const stream of [subscribe(client), client.sotw(), client.delta('no.such.Service/Method')]) {
          expect(await stream.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: sentence });
        }
      }
      expect(refusals()).toEqual([`Refused a client at 127.0.0.1: ${sentence}`]);
      expect(test.events).toEqual([]);
    });

    it('serves a client that was refused, once it shows a certificate that is good', async () => {
      await start();
      expect(await subscribe(clientOf()).ended).toMatchObject({ code: status.UNAUTHENTICATED });
      expect(await given(clientNamed(GATEWAY))).toBe(a1.version);
    });

    describe.each(['TLSv1.2', 'TLSv1.3'] as const)('by %s', (maxVersion) => {
      const asGateway = () => {
        const { certificate: cert, key } = ours.issue({ names: [`URI:${GATEWAY}`] });
        return {
          port: test.port,
          host: '127.0.0.1',
          ca: ours.certificate,
          cert,
          key,
          maxVersion,
          ALPNProtocols: ['h2'],
        };
      };

      it('asks for the certificate at each connection anew: no session is resumed', async () => {
        await start();
        const options = asGateway();
        const first = connect(options);
        let session: Buffer | undefined;
        first.on('session', (given) => {
          session = given;
        });
        // The server's first frame comes after all that the handshake has to say.
        await once(first, 'data');
        first.destroy();
        const second = connect({ ...options, session });
        await once(second, 'secureConnect');
        expect(second.isSessionReused()).toBe(false);
        second.destroy();
      });

      it('takes no other certificate in the middle of a connection', async () => {
        await start();
        const socket = connect(asGateway());
        await once(socket, 'data');
        socket.on('error', () => {});
        const refusal = await new Promise((resolve) => {
          socket.renegotiate({}, resolve);
          socket.once('error', resolve);
        });
        expect(refusal).toBeInstanceOf(Error);
        socket.destroy();
      });
    });
  });

  describe('a policy', () => {
    const policy: ClientPolicy = {
      refuseConnection: (identities) =>
        identities.some(({ name }) => name === GATEWAY) ? undefined : 'Not in my house.',
      refuseClaim: (identities, { id, metadata }) =>
        metadata.team === 'shop' ? undefined : `${identities[0]?.name} as ${id}: no.`,
    };

    it('admits or refuses the identities of verified certificates, whatever they ask for', async () => {
      await start({ policy });
      const stranger = clientNamed('spiffe://example.com/ns/prod/sa/gateway');
      for (const stream of [subscribe(stranger, 'one', { team: 'shop' }), stranger.delta('no.such.Service/Method')]) {
        expect(await stream.ended).toMatchObject({ code: status.PERMISSION_DENIED, details: 'Not in my house.' });
      }
      expect(refusals()).toEqual(['Refused a client at 127.0.0.1: Not in my house.']);
    });

    it('is not asked about a certificate that only claims an identity', async () => {
      await start({ policy });
      const forged = clientOf(theirs.issue({ names: [`URI:${GATEWAY}`] }));
      expect(await subscribe(forged, 'one', { team: 'shop' }).ended).toMatchObject({ code: status.UNAUTHENTICATED });
    });

    it('refuses a stream whose node it does not allow, each time it comes, and the others of that client go on', async () => {
      await start({ policy });
      const client = clientNamed(GATEWAY);
      const good = subscribe(client, 'good', { team: 'shop' });
      await taken(good);
      for (let times = 0; times < 3; times++) {
        expect(await subscribe(client, 'bad', { team: 'prod' }).ended).toMatchObject({
          code: status.PERMISSION_DENIED,
          details: `${GATEWAY} as bad: no.`,
        });
      }
      test.apply(a2);
      expect((await good.next()).resources[0]?.version).toBe(a2.version);
      expect(refusals()).toEqual([`Refused a client at 127.0.0.1: ${GATEWAY} as bad: no.`]);
      expect(test.events.filter(({ type }) => type === 'connected')).toMatchObject([{ node: 'good' }]);
    });

    it('is asked about the first request of a stream, which is the one that counts', async () => {
      await start({ policy });
      const stream = subscribe(clientNamed(GATEWAY), 'good', { team: 'shop' });
      await stream.next();
      stream.send({ node: { id: 'bad', metadata: struct({ team: 'prod' }) }, type_url: typeUrls.listener });
      expect((await stream.next()).type_url).toBe(typeUrls.listener);
      expect(test.events.every(({ node }) => node === 'good')).toBe(true);
    });
  });

  it.each<[string, boolean, string[] | undefined]>([
    ['may connect', true, ['h2']],
    ['is refused', false, ['h2']],
    ['may connect, and does not say what it speaks', true, undefined],
  ])('a client that %s and sends garbage harms no other', async (_, known, ALPNProtocols) => {
    await start();
    const good = subscribe(clientNamed(GATEWAY));
    await taken(good);
    const { certificate: cert, key } = (known ? ours : theirs).issue({ names: [] });
    const bad = connect({ port: test.port, host: '127.0.0.1', ca: ours.certificate, cert, key, ALPNProtocols });
    bad.on('error', () => {}).resume();
    await once(bad, 'secureConnect');
    bad.write('x'.repeat(1_000));
    bad.end();
    await once(bad, 'close');
    test.apply(a2);
    expect(await taken(good)).toBe(a2.version);
  });

  describe('certificates that change while clients are connected', () => {
    const changed = (from = 0) => lines.first((line) => line.startsWith('The TLS certificates have changed'), from);
    /** The serial number of the certificate that a new connection is shown. */
    const shown = async () => {
      const socket: TLSSocket = connect({
        ...{ port: test.port, host: '127.0.0.1', ca: ours.certificate + theirs.certificate },
        ALPNProtocols: ['h2'],
      });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerX509Certificate()!;
      socket.destroy();
      return serialNumber;
    };

    it('are shown to new ones; the streams of the old ones go on', async () => {
      await start();
      const stream = subscribe(clientNamed(GATEWAY));
      await taken(stream);
      const before = await shown();
      for (let version = 2; version < 5; version++) {
        const seen = changed(lines.all.length);
        secret.replace(ours.issue({ names: SERVER }));
        await seen;
        const next = makeCluster('a', String(version));
        test.apply(next);
        expect(await taken(stream)).toBe(next.version);
      }
      expect(await shown()).not.toBe(before);
      expect(await given(clientNamed(GATEWAY))).toBe(makeCluster('a', '4').version);
      expect(test.events.filter(({ type }) => type === 'disconnected')).toEqual([]);
    });

    it('decide with another CA who may connect from then on', async () => {
      await start();
      const old = ours.issue({ names: [`URI:${GATEWAY}`] });
      const other = theirs.issue({ names: [`URI:${GATEWAY}`] });
      const stream = subscribe(clientOf(old));
      await taken(stream);
      expect(await subscribe(clientOf(other)).ended).toMatchObject({ code: status.UNAUTHENTICATED });
      secret.replace({ ca: theirs.certificate });
      await changed();
      expect(await given(clientOf(other))).toBe(a1.version);
      expect(await subscribe(clientOf(old)).ended).toMatchObject({ code: status.UNAUTHENTICATED });
      test.apply(a2);
      expect((await stream.next()).resources[0]?.version).toBe(a2.version);
    });

    it('stay what they were when the new ones do not go together, which is logged once, and once when it is mended', async () => {
      await start();
      const before = await shown();
      const { certificate, key } = ours.issue({ names: SERVER });
      secret.replace({ key });
      await lines.first((line) => line.startsWith('TLS: The key'));
      expect(await shown()).toBe(before);
      expect(await given(clientNamed(GATEWAY))).toBe(a1.version);
      secret.replace({ certificate });
      await lines.first((line) => line.startsWith('TLS: the certificates are in order again'));
      expect(await shown()).not.toBe(before);
      expect(lines.all.filter((line) => line.includes('TLS'))).toEqual([
        `TLS: The key "${secret.files.key}" is not that of the certificate "${secret.files.certificate}". What was read before stays in force.`,
        'The TLS certificates have changed: new connections use the new ones.',
        'TLS: the certificates are in order again.',
      ]);
    });
  });

  describe('closing', () => {
    it('ends the streams, the refused and those who never finished a handshake', async () => {
      await start();
      const stream = subscribe(clientNamed(GATEWAY));
      await stream.next();
      const refused = clientOf();
      await subscribe(refused).ended;
      const silent = connectTcp(test.port, '127.0.0.1');
      await once(silent, 'connect');
      const silence = once(silent, 'close');
      const port = test.port;
      await test.close();
      expect(await stream.ended).toMatchObject({ code: status.OK });
      await silence;
      const late = connectTcp(port, '127.0.0.1');
      expect(await once(late, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
    });
  });
});

async function unusedPort(): Promise<number> {
  const other = await TestServer.start();
  await other.close();
  return other.port;
}
