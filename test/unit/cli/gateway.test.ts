import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { bootstrapYaml } from '../../../src/cli/bootstrap.ts';
import { bootstrapOptions } from '../../../src/cli/bootstrap-options.ts';
import { withoutRepeats } from '../../../src/cli/gateway.ts';
import { bootstrapConfig } from '../../../src/gateway/index.ts';
import { defaultSettings, SettingsError } from '../../../src/settings/index.ts';

describe('what shunt bootstrap prints', () => {
  const settings = defaultSettings({ nodeId: 'on', gatewayNamespace: '007' });
  const config = bootstrapConfig(bootstrapOptions(settings));

  test('is the bootstrap itself', () => {
    expect(parse(bootstrapYaml(config))).toEqual(config);
  });

  test('quotes names, which YAML could take for something else', () => {
    expect(bootstrapYaml(config)).toContain('id: "on"');
    expect(bootstrapYaml(config)).toContain('shunt.dev/namespace: "007"');
  });

  test('stands ready-made in envoy/bootstrap.yaml', () => {
    const readyMade = readFileSync(new URL('../../../envoy/bootstrap.yaml', import.meta.url), 'utf8');
    const now = bootstrapYaml(bootstrapConfig(bootstrapOptions(defaultSettings({ nodeId: 'gateway' }))));
    expect(readyMade, 'write it again with: shunt bootstrap --node-id gateway > envoy/bootstrap.yaml').toBe(now);
  });

  test.each([
    ['gateway', {}],
    [
      'components/gateway-mutual-tls',
      {
        gatewayNamespace: 'shop',
        xdsCa: '/etc/envoy-tls/ca.crt',
        xdsCert: '/etc/envoy-tls/tls.crt',
        xdsKey: '/etc/envoy-tls/tls.key',
        sdsDirectory: '/etc/envoy',
      },
    ],
  ])('stands ready-made in deploy/%s/bootstrap.yaml', (folder, others) => {
    const deploy = new URL(`../../../deploy/${folder}/`, import.meta.url);
    const settings = defaultSettings({
      xds: { host: 'shunt.shunt-system', port: 18000 },
      nodeId: 'gateway',
      envoyProbe: { host: '0.0.0.0', port: 19002 },
      ...others,
    });
    const now = bootstrapYaml(bootstrapConfig(bootstrapOptions(settings)));
    expect(readFileSync(new URL('bootstrap.yaml', deploy), 'utf8'), 'see kustomization.yaml beside it').toBe(now);
  });

  test.each([
    [{ host: '0.0.0.0', port: 18000 }, '0.0.0.0:18000'],
    [{ host: '::', port: 18000 }, '[::]:18000'],
    [{ host: '127.0.0.1', port: 0 }, '127.0.0.1:0'],
  ])('does not send an Envoy to %o, where a server listens', (xds, text) => {
    expect(() => bootstrapOptions(defaultSettings({ xds }))).toThrow(SettingsError);
    expect(() => bootstrapOptions(defaultSettings({ xds }))).toThrow(
      `setting xds: "${text}" is where a server listens, not where an Envoy reaches it;`,
    );
  });
});

test('an Envoy that waits for its control plane says so once', () => {
  const said: string[] = [];
  const onLog = withoutRepeats((line) => said.push(line));
  onLog('2026-01-01T00:00:00.000 warning stream closed since 0s ago: 14, refused');
  onLog('2026-01-01T00:00:00.200 warning stream closed since 0s ago: 14, refused');
  onLog('2026-01-01T00:00:01.200 warning stream closed since 1s ago: 14, refused');
  onLog('2026-01-01T00:00:02.200 warning something else');
  onLog('2026-01-01T00:00:03.200 warning stream closed since 1s ago: 14, refused');
  expect(said).toEqual([
    '2026-01-01T00:00:00.000 warning stream closed since 0s ago: 14, refused',
    '2026-01-01T00:00:02.200 warning something else',
    '2026-01-01T00:00:03.200 warning stream closed since 1s ago: 14, refused',
  ]);
});
