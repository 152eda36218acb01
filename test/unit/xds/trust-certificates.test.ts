import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readCertificates } from '../../../src/xds/trust/certificates.ts';
import { Authority, noCertificates, type Pair } from '../../support/certificates.ts';

describe.skipIf(noCertificates !== undefined)('certificate files', () => {
  let authority: Authority;
  let pair: Pair;
  let another: Pair;
  let folder: string;
  let files: { certificate: string; key: string; ca: string };

  beforeAll(() => {
    authority = new Authority('ca');
    pair = authority.issue({ names: ['DNS:a.example.com'] });
    another = authority.issue({ names: ['DNS:b.example.com'] });
    folder = mkdtempSync(join(tmpdir(), 'shunt-certificates-'));
    files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') };
  });
  afterAll(() => {
    authority?.delete();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    writeFileSync(files.certificate, pair.certificate);
    writeFileSync(files.key, pair.key);
    writeFileSync(files.ca, authority.certificate);
  });

  const complaint = () => {
    try {
      readCertificates(files);
    } catch (error) {
      return (error as Error).message.replaceAll(`${folder}/`, '');
    }
    throw new Error('The files were accepted.');
  };

  test('that go together are taken, with the time at which they expire', () => {
    const { certificate, key, ca, expires } = readCertificates(files);
    expect([certificate, key, ca].map(String)).toEqual([pair.certificate, pair.key, authority.certificate]);
    const inADay = Date.now() + 24 * 60 * 60 * 1_000;
    expect(Math.abs(expires.getTime() - inADay)).toBeLessThan(60 * 60 * 1_000);
  });

  test('need no CA, where clients are not asked for certificates', () => {
    const { certificate, key } = files;
    expect(readCertificates({ certificate, key }).ca).toBeUndefined();
  });

  test('may hold a chain, and several CAs', () => {
    writeFileSync(files.certificate, pair.certificate + authority.certificate);
    writeFileSync(files.ca, `# ours\n${authority.certificate}\n# theirs\n${authority.certificate}`);
    expect(readCertificates(files).expires).toBeInstanceOf(Date);
  });

  test.each([
    ['certificate', 'The certificate "tls.crt" does not exist.'],
    ['key', 'The key "tls.key" does not exist.'],
    ['ca', 'The CA "ca.crt" does not exist.'],
  ] as const)('are refused without the %s', (file, sentence) => {
    rmSync(files[file]);
    expect(complaint()).toBe(sentence);
  });

  test('are refused where the key is that of another certificate', () => {
    writeFileSync(files.key, another.key);
    expect(complaint()).toBe('The key "tls.key" is not that of the certificate "tls.crt".');
  });

  test.each([
    ['empty', () => '', 'The certificate "tls.crt" holds no certificate in PEM form.'],
    ['no PEM', () => 'hello', 'The certificate "tls.crt" holds no certificate in PEM form.'],
    ['a key', () => pair.key, 'The certificate "tls.crt" holds no certificate in PEM form.'],
    [
      'half written',
      () => pair.certificate.slice(0, 200),
      'The certificate "tls.crt" holds no certificate in PEM form.',
    ],
    [
      'a chain of which the last is half written',
      () => pair.certificate + authority.certificate.slice(0, 200),
      'The certificate "tls.crt" breaks off.',
    ],
    [
      'no certificate inside',
      () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'The certificate "tls.crt" holds a certificate that cannot be read.',
    ],
  ])('are refused where the certificate is %s', (_, text, sentence) => {
    writeFileSync(files.certificate, text());
    expect(complaint()).toBe(sentence);
  });

  test.each([
    ['empty', () => ''],
    ['half written', () => pair.key.slice(0, 100)],
    ['a certificate', () => pair.certificate],
  ])('are refused where the key is %s', (_, text) => {
    writeFileSync(files.key, text());
    expect(complaint()).toBe('The key "tls.key" holds no private key in PEM form.');
  });

  test('are refused where the key has a passphrase', () => {
    const options = ['-aes256', '-passout', 'pass:secret', '-out', files.key];
    execFileSync('openssl', ['ec', ...options], { input: pair.key, stdio: ['pipe', 'ignore', 'ignore'] });
    expect(complaint()).toBe('The key "tls.key" has a passphrase; write it without one.');
  });

  test('are refused where the CA is half written', () => {
    writeFileSync(files.ca, authority.certificate + authority.certificate.slice(0, 300));
    expect(complaint()).toBe('The CA "ca.crt" breaks off.');
  });
});
