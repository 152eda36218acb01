import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  chooseSource,
  defaultSettings,
  loadSettings,
  readFlags,
  type SettingField,
  type Settings,
  SettingsError,
  settingEntries,
} from '../../../src/settings/index.ts';

const everything = settingEntries.map(([field]) => field);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shunt-settings-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function load(
  args: readonly string[],
  env: Record<string, string> = {},
  fields: readonly SettingField[] = everything,
): Settings {
  return loadSettings(readFlags(args, 'shunt serve', fields), env);
}

/** The sentences of the refusal, with the folder's path left out. */
function refusal(
  args: readonly string[],
  env: Record<string, string> = {},
  fields: readonly SettingField[] = everything,
) {
  try {
    load(args, env, fields);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.sentences.map((sentence) => sentence.replaceAll(`${folder}/`, ''));
  }
  throw new Error('The settings were accepted.');
}

function file(text: string): string {
  const path = join(folder, 'shunt.yaml');
  writeFileSync(path, text);
  return path;
}

describe('where a setting is taken from', () => {
  test('a setting that nobody wrote has its default', () => {
    expect(load([])).toEqual(defaultSettings());
    expect(load([])).toMatchObject({
      xds: { host: '127.0.0.1', port: 18000 },
      namespace: [],
      directory: undefined,
      keyHeader: 'x-preview',
      previewDomain: 'preview.localhost',
    });
  });

  test('a flag comes before the environment, the environment before the file, and the file before the default', () => {
    const config = file('log-level: error\nprotocol: sotw\nkey-cookie: from-file\n');
    const settings = load(['--config', config, '--log-level', 'debug'], {
      SHUNT_LOG_LEVEL: 'warn',
      SHUNT_PROTOCOL: 'delta',
    });
    expect(settings).toMatchObject({
      logLevel: 'debug',
      protocol: 'delta',
      keyCookie: 'from-file',
      keyBaggage: 'preview',
    });
  });

  test('the environment may name the file', () => {
    expect(load([], { SHUNT_CONFIG: file('protocol: sotw') }).protocol).toBe('sotw');
  });

  test('a carrier that a flag switches off stays off, whatever the file says', () => {
    expect(load(['--key-header', 'off', '--config', file('key-header: x-key')]).keyHeader).toBeUndefined();
  });

  test('every setting can be written in each of the three places', () => {
    const texts: Record<SettingField, string> = {
      config: '', // a file names no other
      directory: 'manifests',
      kubernetes: 'on',
      kubeConfig: 'kubeconfig',
      context: 'staging',
      namespace: 'a,b',
      lastGood: 'state',
      announce: 'on',
      announceName: 'shunt-shop',
      announceNamespace: 'tools',
      xds: '0.0.0.0:1',
      xdsCert: 'tls.crt',
      xdsKey: 'tls.key',
      xdsCa: 'ca.crt',
      xdsClient: 'spiffe://example.com/a node=n-* namespace=shop,b.example.com',
      xdsPlaintext: 'on',
      xdsStreams: '7',
      xdsRequests: '8',
      xdsMemory: '9',
      xdsServerName: 'shunt.example.com',
      sdsDirectory: 'sds',
      admin: '0.0.0.0:2',
      adminToken: 'token',
      logLevel: 'trace',
      listen: '0.0.0.0:3 trust=nobody,[::]:3 trust=10.0.0.0/8 trust=fd00::/8',
      trustHeader: 'x-secret',
      trustSecret: 'secret',
      trustJwks: 'jwks.json',
      trustClaim: 'key',
      trustIssuer: 'https://issuer.example',
      trustAudience: 'a,b',
      previewDomain: 'p.example',
      keyHeader: 'x-key',
      keyBaggage: 'b',
      keyTracestate: 't',
      keyCookie: 'c',
      keyQuery: 'q',
      keyHost: 'off',
      storeDiverted: 'on',
      browserPath: '/-/previews',
      corsOrigin: 'https://shop.example.com,http://localhost:3000',
      nodeId: 'me',
      protocol: 'sotw',
      gatewayNamespace: 'shop',
      envoyAdmin: '127.0.0.1:4',
      envoyProbe: '0.0.0.0:5',
    };
    const written = settingEntries
      .filter(([field]) => field !== 'config')
      .map(([field, { name }]) => [name, texts[field]!] as const);
    const config = file(written.map(([name, text]) => `${name}: "${text}"\n`).join(''));
    const byFile = load(['--config', config]);
    const byFlags = load(written.map(([name, text]) => `--${name}=${text}`));
    const byEnvironment = load(
      [],
      Object.fromEntries(written.map(([name, text]) => [`SHUNT_${name.toUpperCase().replaceAll('-', '_')}`, text])),
    );
    expect(byFlags).toMatchObject({ kubernetes: true, namespace: ['a', 'b'], keyHost: false, envoyAdmin: { port: 4 } });
    expect(byEnvironment).toEqual(byFlags);
    expect({ ...byFile, config: undefined }).toEqual(byFlags);
    for (const [field] of settingEntries) {
      if (field !== 'config') expect(byFlags[field], field).not.toEqual(defaultSettings()[field]);
    }
  });

  test('a list is repeated flags, or commas, or a list in the file', () => {
    const expected = ['a', 'b'];
    expect(load(['--namespace', 'a', '--namespace', 'b']).namespace).toEqual(expected);
    expect(load(['--namespace=a,b']).namespace).toEqual(expected);
    expect(load(['--config', file('namespace: [a, b]')]).namespace).toEqual(expected);
    expect(load(['--config', file('namespace: a, b')]).namespace).toEqual(expected);
  });

  test('a switch needs no value, and takes one', () => {
    expect(load(['--kubernetes']).kubernetes).toBe(true);
    expect(load(['--kubernetes=off'], { SHUNT_KUBERNETES: 'on' }).kubernetes).toBe(false);
  });

  test('a word that YAML could take for something else is read as it was written', () => {
    const config = file('key-header: off\nkey-host: false\nnode-id: 1.10\ngateway-namespace: 007\n');
    expect(load(['--config', config])).toMatchObject({
      keyHeader: undefined,
      keyHost: false,
      nodeId: '1.10',
      gatewayNamespace: '007',
    });
  });

  test('an empty variable and an empty file count as nothing', () => {
    expect(load(['--config', file('# later\n')], { SHUNT_XDS: '' }).xds.port).toBe(18000);
  });

  test('the result cannot be changed, at any depth', () => {
    const settings = load(['--namespace', 'a']);
    for (const part of [settings, settings.xds, settings.namespace, settings.listen, settings.listen[0]]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('variables that Kubernetes sets for a Service called shunt are no settings', () => {
    const env = {
      SHUNT_SERVICE_HOST: '10.0.0.1',
      SHUNT_SERVICE_PORT: '18000',
      SHUNT_SERVICE_PORT_XDS: '18000',
      SHUNT_PORT: 'tcp://10.0.0.1:18000',
      SHUNT_PORT_18000_TCP: 'tcp://10.0.0.1:18000',
      SHUNT_PORT_18000_TCP_PROTO: 'tcp',
      SHUNT_PORT_18000_TCP_PORT: '18000',
      SHUNT_PORT_18000_TCP_ADDR: '10.0.0.1',
      SHUNT_ADMIN_SERVICE_HOST: '10.0.0.2',
      SHUNT_ADMIN_PORT: 'tcp://10.0.0.2:19000',
    };
    expect(load([], env)).toEqual(defaultSettings());
  });
});

describe('a setting that cannot stand is refused with its place, its value and what is accepted', () => {
  const serve: readonly SettingField[] = ['xds', 'admin', 'logLevel', 'namespace', 'kubernetes', 'config'];

  test.each<[string, readonly string[], string]>([
    [
      'wrong',
      ['--xds', 'localhost'],
      'flag --xds: "localhost" is not HOST:PORT; write HOST:PORT, for example 127.0.0.1:18000 or [::1]:18000.',
    ],
    [
      'a wrong choice',
      ['--log-level=loud'],
      'flag --log-level: "loud" is not one of them; write one of trace, debug, info, warn, error, fatal, silent.',
    ],
    [
      'without its value',
      ['--xds'],
      'flag --xds: its value is missing; write HOST:PORT, for example 127.0.0.1:18000 or [::1]:18000.',
    ],
    [
      'with a flag for a value',
      ['--log-level', '--kubernetes'],
      'flag --log-level: its value is missing; write one of trace, debug, info, warn, error, fatal, silent.',
    ],
    [
      'given twice',
      ['--xds', 'a:1', '--xds', 'b:2'],
      'flag --xds: it is given twice, as "a:1" and as "b:2"; write it once.',
    ],
    ['mistyped', ['--xsd', 'a:1'], 'flag --xsd: shunt serve has no such flag; did you mean --xds?'],
    [
      'unheard of',
      ['--turbo-encabulator'],
      'flag --turbo-encabulator: shunt serve has no such flag; see shunt serve --help.',
    ],
    ['of one letter', ['-x'], 'flag -x: shunt serve has no such flag; see shunt serve --help.'],
    ["another command's", ['--node-id', 'a'], 'flag --node-id: shunt serve does not take it; see shunt serve --help.'],
    [
      'a switch with a wrong value',
      ['--kubernetes=perhaps'],
      'flag --kubernetes: "perhaps" is neither on nor off; write on or off.',
    ],
  ])('a flag that is %s', (_, args, sentence) => {
    expect(refusal(args, {}, serve)).toEqual([sentence]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'wrong',
      { SHUNT_XDS: 'localhost' },
      'environment variable SHUNT_XDS: "localhost" is not HOST:PORT; write HOST:PORT, for example 127.0.0.1:18000 or [::1]:18000.',
    ],
    [
      'mistyped',
      { SHUNT_LOGLEVEL: 'info' },
      'environment variable SHUNT_LOGLEVEL: there is no such setting; did you mean SHUNT_LOG_LEVEL?',
    ],
    [
      'unheard of',
      { SHUNT_TURBO_ENCABULATOR: '1' },
      'environment variable SHUNT_TURBO_ENCABULATOR: there is no such setting; remove it.',
    ],
  ])('a variable that is %s', (_, env, sentence) => {
    expect(refusal([], env)).toEqual([sentence]);
  });

  test.each<[string, string, string]>([
    [
      'wrong',
      '# mine\n\nxds: localhost\n',
      'shunt.yaml:3 key xds: "localhost" is not HOST:PORT; write HOST:PORT, for example 127.0.0.1:18000 or [::1]:18000.',
    ],
    [
      'mistyped',
      'admin: 127.0.0.1:1\nxsd: 127.0.0.1:2\n',
      'shunt.yaml:2 key xsd: there is no such setting; did you mean xds?',
    ],
    [
      'without its value',
      'xds:\n',
      'shunt.yaml:1 key xds: its value is missing or no plain value; write HOST:PORT, for example 127.0.0.1:18000 or [::1]:18000.',
    ],
    [
      'a map',
      'xds: {host: a}\n',
      'shunt.yaml:1 key xds: its value is missing or no plain value; write HOST:PORT, for example 127.0.0.1:18000 or [::1]:18000.',
    ],
    [
      'a list where one value is wanted',
      'protocol: [delta, sotw]\n',
      'shunt.yaml:1 key protocol: it takes one value, not a list; write one of delta, sotw.',
    ],
    [
      'an empty list',
      'namespace: []\n',
      'shunt.yaml:1 key namespace: its value is missing or no plain value; write names of namespaces: lower-case letters, digits and "-", at most 63 characters.',
    ],
    [
      'the name of another file',
      'config: other.yaml\n',
      'shunt.yaml:1 key config: a file cannot name another; remove it.',
    ],
    ['given twice', 'protocol: delta\nprotocol: sotw\n', 'shunt.yaml:2: it is not YAML here: Map keys must be unique.'],
  ])('a key that is %s', (_, text, sentence) => {
    expect(refusal(['--config', file(text)])).toEqual([sentence]);
  });

  test('a key that is unheard of, with all that there are', () => {
    expect(refusal(['--config', file('turbo-encabulator: 1')])[0]).toMatch(
      /^shunt\.yaml:1 key turbo-encabulator: there is no such setting; write one of config, directory, .*, envoy-probe\.$/,
    );
  });

  test('a file that is not a map', () => {
    expect(refusal(['--config', file('- xds\n')])).toEqual([
      'shunt.yaml:1: settings are a map; write "key: value" lines.',
    ]);
  });

  test('a file that is not YAML', () => {
    expect(refusal(['--config', file('xds: [1\nadmin: 2\n')])[0]).toMatch(/^shunt\.yaml:2: it is not YAML here: /);
  });

  test('a file that is not there, with the place that named it', () => {
    expect(refusal(['--config', join(folder, 'none.yaml')])).toEqual([
      'flag --config: the file "none.yaml" does not exist; write the path of a YAML file.',
    ]);
    expect(refusal([], { SHUNT_CONFIG: folder })).toEqual([
      `environment variable SHUNT_CONFIG: the file "${folder}" cannot be read (EISDIR); write the path of a YAML file.`,
    ]);
  });

  test('all that is wrong is said at once, overridden or not', () => {
    const config = file('xds: a\n');
    expect(
      refusal(['--xds', 'b', '--config', config], { SHUNT_XDS: 'c' }).map((sentence) => sentence.split(':')[0]),
    ).toEqual(['flag --xds', 'environment variable SHUNT_XDS', 'shunt.yaml']);
  });
});

describe('what serve watches', () => {
  test('is a folder', () => {
    expect(chooseSource(load(['--directory', 'manifests']))).toEqual({ kind: 'directory', path: 'manifests' });
  });

  test('or a cluster, or some of its namespaces', () => {
    const cluster = { kind: 'kubernetes', namespaces: [], kubeConfig: undefined, context: undefined };
    expect(chooseSource(load(['--kubernetes']))).toEqual(cluster);
    expect(chooseSource(load(['--kubernetes', '--namespace=a']))).toEqual({ ...cluster, namespaces: ['a'] });
  });

  test('the cluster may be that of another kubeconfig or context', () => {
    expect(chooseSource(load(['--kubernetes', '--kubeconfig=staging.yaml', '--context=eu']))).toMatchObject({
      kubeConfig: 'staging.yaml',
      context: 'eu',
    });
  });

  test.each<[string, readonly string[], RegExp]>([
    ['nothing', [], /^there is nothing to watch: give --directory FOLDER .* or --kubernetes/],
    ['both', ['--directory=a', '--kubernetes'], /^settings directory and kubernetes exclude each other/],
    [
      'namespaces of a folder',
      ['--directory=a', '--namespace=b'],
      /^setting namespace chooses among the namespaces of a cluster/,
    ],
    [
      'a context of a folder',
      ['--directory=a', '--context=b'],
      /^settings kubeconfig and context say which cluster: leave them out with directory/,
    ],
    [
      'a folder that is kept twice',
      ['--directory=a', '--last-good=b'],
      /^setting last-good keeps what was read of a cluster/,
    ],
  ])('but not %s', (_, args, sentence) => {
    expect(() => chooseSource(load(args))).toThrow(sentence);
    expect(() => chooseSource(load(args))).toThrow(SettingsError);
  });
});
