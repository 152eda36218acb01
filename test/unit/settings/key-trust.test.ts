import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { chooseKeyTrust, defaultSettings, readSecret, readSecretFile, schema } from '../../../src/settings/index.ts';
import type { Settings } from '../../../src/settings/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'shunt-key-trust-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const path = join(folder, `${Math.random()}`);
  writeFileSync(path, text);
  return path;
};

function read(field: 'listen' | 'trustHeader' | 'trustClaim', text: string): unknown {
  const reading = schema[field].read(text);
  return 'why' in reading ? reading.why : reading.value;
}

describe('a listener', () => {
  const address = { host: '0.0.0.0', port: 80 };

  test.each([
    ['0.0.0.0:80', undefined],
    ['0.0.0.0:80 trust=everyone', undefined],
    ['0.0.0.0:80   trust=nobody', { kind: 'nobody' }],
    ['0.0.0.0:80 trust=secret', { kind: 'secret' }],
    ['0.0.0.0:80 trust=jwt', { kind: 'jwt' }],
    [
      '0.0.0.0:80 trust=10.0.0.0/8 trust=fd00::/8 trust=0.0.0.0/0',
      { kind: 'addresses', networks: ['10.0.0.0/8', 'fd00::/8', '0.0.0.0/0'] },
    ],
  ])('may be "%s"', (text, trust) => {
    expect(read('listen', text)).toEqual([trust === undefined ? address : { ...address, trust }]);
  });

  const kinds = 'is neither everyone, nobody, secret, jwt nor a network ADDRESS/BITS';
  test.each([
    ['trust=nobody', '"trust=nobody" is not HOST:PORT'],
    ['0.0.0.0:80 nobody', '"nobody" is not trust=WHOM'],
    ['0.0.0.0:80 trust=', '"trust=" is not trust=WHOM'],
    ['0.0.0.0:80 trust=Nobody', `"Nobody" ${kinds}`],
    ['0.0.0.0:80 trust=10.0.0.1', `"10.0.0.1" ${kinds}`],
    ['0.0.0.0:80 trust=example.com/8', `"example.com/8" ${kinds}`],
    ['0.0.0.0:80 trust=10.0.0/8', '"10.0.0/8" has no IP address before its "/"'],
    ['0.0.0.0:80 trust=10.0.0.0/33', '"10.0.0.0/33" has more than 32 bits after its "/"'],
    ['0.0.0.0:80 trust=fd00::/129', '"fd00::/129" has more than 128 bits after its "/"'],
    ['0.0.0.0:80 trust=10.0.0.0/8 trust=secret', `"secret" ${kinds}`],
    ['0.0.0.0:80 trust=nobody trust=10.0.0.0/8', '"trust=nobody trust=10.0.0.0/8" trusts in several ways'],
  ])('may not be "%s"', (text, why) => {
    expect(read('listen', text)).toBe(why);
  });
});

describe('what tells whom to trust', () => {
  test.each([
    ['x secret', '"x secret" has characters that such a name cannot have'],
    ['off', '"off" names no header'],
    ['cookie', '"cookie" is a header with a meaning of its own'],
  ])('a header is not "%s"', (text, why) => {
    expect(read('trustHeader', text)).toBe(why);
  });

  test('a claim may be in another', () => {
    expect(read('trustClaim', 'shop.preview')).toBe('shop.preview');
    expect(read('trustClaim', 'urn:shop:preview')).toBe('urn:shop:preview');
  });

  test.each(['', 'a b', '.a', 'a.', 'a..b', 'ä', 'https://example.com/preview'])('a claim is not "%s"', (text) => {
    expect(read('trustClaim', text)).toBe(`"${text}" is not the name of a claim`);
  });

  const choose = (settings: Partial<Settings>) => () => chooseKeyTrust(defaultSettings(settings));
  const jwt = { listen: [{ host: '::', port: 80, trust: { kind: 'jwt' } }] } as const;
  const secret = { listen: [{ host: '::', port: 80, trust: { kind: 'secret' } }] } as const;

  test('the header of the secret is no carrier of keys', () => {
    expect(choose({ ...secret, trustHeader: 'x-preview' })).toThrow(
      'setting trust-header: "x-preview" is a header with another use; choose one of its own, for example x-shunt-secret.',
    );
  });

  test('tokens want keys', () => {
    expect(choose(jwt)).toThrow(
      'setting listen: "[::]:80 trust=jwt" wants keys to check tokens with; give --trust-jwks FILE.',
    );
  });

  test('keys that nobody asks for are not read', () => {
    expect(choose({ trustJwks: join(folder, 'missing') })()).toEqual({ secretHeader: 'x-shunt-secret' });
  });

  const ed25519 = generateKeyPairSync('ed25519');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = (...list: object[]) => JSON.stringify({ keys: list });

  test('keys may be RSA, EC and Ed25519', () => {
    const all = [ed25519, rsa, ec].map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
    const { tokens } = choose({ ...jwt, trustJwks: file(keys(...all)), trustAudience: ['a'] })();
    expect(JSON.parse(tokens!.jwks)).toEqual({ keys: all });
    expect(tokens).toMatchObject({ claim: 'preview', issuer: undefined, audiences: ['a'] });
  });

  test.each([
    ['{', 'is not JSON'],
    ['[]', 'holds no list "keys" with a key in it'],
    ['null', 'holds no list "keys" with a key in it'],
    [keys(), 'holds no list "keys" with a key in it'],
    [keys({ kty: 'oct', k: 'c2VjcmV0' }), 'has a key, number 1, that is of the kind "oct"'],
    [keys({}), 'has a key, number 1, that is of the kind undefined'],
    ['{"keys":[null]}', 'has a key, number 1, that is of the kind undefined'],
    [keys({ kty: 'EC', crv: 'secp256k1' }), 'has a key, number 1, that is on the curve "secp256k1"'],
    [keys({ kty: 'RSA', n: 'AQAB' }), 'has a key, number 1, that is incomplete or broken'],
    [
      keys(ed25519.publicKey.export({ format: 'jwk' }), ed25519.privateKey.export({ format: 'jwk' })),
      'has a key, number 2, that is private, and would be shown to all who see the configuration',
    ],
  ])('a file with %s is refused, and no secret in it shown', (text, why) => {
    const path = file(text);
    expect(choose({ ...jwt, trustJwks: path })).toThrow(
      `setting trust-jwks: the file "${path}" ${why}; write a JWKS (RFC 7517) with public keys for RSA, EC (P-256, P-384, P-521) or Ed25519.`,
    );
  });

  test('a file that is not there is named', () => {
    const path = join(folder, 'missing');
    expect(choose({ ...jwt, trustJwks: path })).toThrow(`the file "${path}" cannot be read (ENOENT)`);
  });
});

describe('a secret', () => {
  test('has 16 to 256 printable characters, and may end in a line', () => {
    expect(readSecretFile(file(`${'x'.repeat(16)}\n`), 'trust-secret')).toBe('x'.repeat(16));
    expect(readSecret('~'.repeat(256), 'here')).toBe('~'.repeat(256));
  });

  test.each([
    ['too-short', 'has 9 characters'],
    ['', 'has 0 characters'],
    ['x'.repeat(257), 'has 257 characters'],
    ['correct horse battery', 'has a space or a character that is not ASCII'],
    ['correct-horse-bättery', 'has a space or a character that is not ASCII'],
    ['correct-horse-\nbattery', 'has a space or a character that is not ASCII'],
  ])('is not %j, which no error shows', (text, why) => {
    const path = file(text);
    expect(() => readSecretFile(path, 'trust-secret')).toThrow(
      `setting trust-secret: in the file "${path}": the secret ${why}; write 16 to 256 printable ASCII characters without spaces, ` +
        'for example what "openssl rand -hex 32" prints.',
    );
  });

  test('cannot be read where there is no file', () => {
    expect(() => readSecretFile(join(folder, 'missing'), 'trust-secret')).toThrow(
      'cannot be read (ENOENT); write the path of a file.',
    );
  });
});
