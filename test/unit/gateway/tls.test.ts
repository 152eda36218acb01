import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootstrapOptions } from '../../../src/cli/bootstrap-options.ts';
import { run } from '../../../src/cli/run.ts';
import { type ControlPlaneTls, writeSdsFiles } from '../../../src/gateway/index.ts';
import { transportSocket } from '../../../src/gateway/tls.ts';
import { defaultSettings } from '../../../src/settings/index.ts';

let folder: string;
let tls: ControlPlaneTls;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shunt-sds-'));
  tls = {
    ca: '/tls/ca.crt',
    pair: { certificate: '/tls/tls.crt', key: '/tls/tls.key' },
    serverName: 'shunt.shunt-system',
    sdsDirectory: join(folder, 'sds'),
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

const context = 'typed_config.common_tls_context';

describe("an Envoy's way to a control plane that speaks TLS", () => {
  test('names what is to stand in the certificate, and asks for it by SNI', () => {
    const socket = transportSocket(tls);
    expect(socket).toHaveProperty('typed_config.sni', 'shunt.shunt-system');
    expect(socket).toHaveProperty(`${context}.combined_validation_context.default_validation_context`, {
      match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'shunt.shunt-system' } }],
    });
  });

  test.each([
    ['10.0.0.1', 'IP_ADDRESS', '10.0.0.1'],
    ['FD00:0::1', 'IP_ADDRESS', 'fd00::1'],
    ['spiffe://example.com/shunt', 'URI', 'spiffe://example.com/shunt'],
  ])('asks for no name but a DNS name: %s is of type %s', (serverName, san_type, exact) => {
    const socket = transportSocket({ ...tls, serverName });
    expect(socket).not.toHaveProperty('typed_config.sni');
    expect(socket).toHaveProperty(
      `${context}.combined_validation_context.default_validation_context.match_typed_subject_alt_names`,
      [{ san_type, matcher: { exact } }],
    );
  });

  test('takes its certificates from the files that are written for it', async () => {
    await writeSdsFiles(tls);
    const socket = JSON.stringify(transportSocket(tls));
    const paths = [...socket.matchAll(/"path":"([^"]*)"/g)].map(([, path]) => path!);
    expect(paths.sort()).toEqual(['shunt-xds-ca.json', 'shunt-xds-cert.json'].map((name) => join(folder, 'sds', name)));
    expect(
      readdirSync(tls.sdsDirectory)
        .map((name) => join(tls.sdsDirectory, name))
        .sort(),
    ).toEqual(paths);
    const [ca, certificate] = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')).resources);
    expect(ca).toMatchObject([
      { name: 'shunt-xds-ca', validation_context: { trusted_ca: { filename: '/tls/ca.crt' } } },
    ]);
    expect(certificate).toMatchObject([
      {
        name: 'shunt-xds-cert',
        tls_certificate: { certificate_chain: { filename: '/tls/tls.crt' }, private_key: { filename: '/tls/tls.key' } },
      },
    ]);
  });

  test('shows no certificate where it has none', async () => {
    await writeSdsFiles({ ...tls, pair: undefined });
    expect(readdirSync(tls.sdsDirectory)).toEqual(['shunt-xds-ca.json']);
    expect(transportSocket({ ...tls, pair: undefined })).not.toHaveProperty(
      `${context}.tls_certificate_sds_secret_configs`,
    );
  });

  test('needs a folder that can be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(writeSdsFiles({ ...tls, sdsDirectory: join(folder, 'file') })).rejects.toThrow(
      /^setting sds-directory: the folder ".*" cannot be written \(EEXIST\); choose another\.$/,
    );
  });
});

describe('the settings of a bootstrap', () => {
  const settings = { xds: { host: 'shunt.shunt-system', port: 18000 }, xdsCa: 'ca.crt', sdsDirectory: 'sds' };

  test('make paths absolute, since Envoy may be started elsewhere', () => {
    const pair = { xdsCert: 'tls.crt', xdsKey: '/tls/tls.key' };
    expect(bootstrapOptions(defaultSettings({ ...settings, ...pair })).tls).toEqual({
      ca: join(process.cwd(), 'ca.crt'),
      pair: { certificate: join(process.cwd(), 'tls.crt'), key: '/tls/tls.key' },
      serverName: 'shunt.shunt-system',
      sdsDirectory: join(process.cwd(), 'sds'),
    });
  });

  test('say where the files for Envoy go, if TLS is asked for', () => {
    expect(() => bootstrapOptions(defaultSettings({ ...settings, sdsDirectory: undefined }))).toThrow(
      'setting xds-ca: Envoy takes certificates that may change from files that say where they are; give --sds-directory FOLDER,',
    );
  });

  test('are of no use without a CA', () => {
    expect(bootstrapOptions(defaultSettings()).tls).toBeUndefined();
  });
});

test('shunt bootstrap prints the bootstrap, and writes the files that it names', async () => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const flags = [
    '--xds-ca=ca.crt',
    '--xds-cert=tls.crt',
    '--xds-key=tls.key',
    `--sds-directory=${join(folder, 'sds')}`,
  ];
  expect(await run(['bootstrap', ...flags], { stdout, stderr, env: {} })).toBe(0);
  const printed = String(stdout.read());
  const paths = [...printed.matchAll(/path: (.*)/g)].map(([, path]) => path!);
  expect(paths).toHaveLength(2);
  for (const path of paths) expect(readFileSync(path, 'utf8')).toContain('transport_sockets.tls.v3.Secret');
});
