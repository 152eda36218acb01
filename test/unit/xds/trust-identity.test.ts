import { describe, expect, test } from 'vitest';
import { identitiesOf } from '../../../src/xds/trust/identity.ts';

const names = (subjectaltname: string | undefined) =>
  identitiesOf({ subjectaltname }).map(({ kind, name }) => [kind, name]);

describe('the identities of a certificate', () => {
  test('are its DNS names and URIs, in its order', () => {
    expect(names('DNS:a.example.com, URI:spiffe://example.com/ns/shop, DNS:b.example.com')).toEqual([
      ['dns', 'a.example.com'],
      ['uri', 'spiffe://example.com/ns/shop'],
      ['dns', 'b.example.com'],
    ]);
  });

  test('are no addresses, mail addresses or other names', () => {
    expect(
      names('IP Address:127.0.0.1, email:a@example.com, othername:<unsupported>, DirName:"CN=a\\u002cO=b"'),
    ).toEqual([]);
  });

  test('are none where it names nobody', () => {
    expect(names(undefined)).toEqual([]);
    expect(names('')).toEqual([]);
  });

  test('have DNS names in lower case, and URIs as they are', () => {
    expect(names('DNS:A.Example.com, URI:spiffe://example.com/NS')).toEqual([
      ['dns', 'a.example.com'],
      ['uri', 'spiffe://example.com/NS'],
    ]);
  });

  // As Node writes what OpenSSL was made to put into a certificate: CVE-2021-44532.
  test.each([
    [
      'a DNS name that looks like two',
      String.raw`DNS:"b\u002c DNS:admin.example.com"`,
      [['dns', 'b, dns:admin.example.com']],
    ],
    [
      'a URI with a comma',
      String.raw`URI:"urn:x:a\u002cb", DNS:c`,
      [
        ['uri', 'urn:x:a,b'],
        ['dns', 'c'],
      ],
    ],
    ['another name that looks like a DNS name', String.raw`othername:"UPN:x\u002c DNS:admin.example.com"`, []],
    [
      'a directory name that looks like one',
      String.raw`DirName:"O=a\\\u002c DNS:admin.example.com", DNS:c`,
      [['dns', 'c']],
    ],
  ])('are not widened by %s', (_, text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  test.each(['DNS:a"b, DNS:admin', 'DNS:a,DNS:b', 'DNS:a, ?', 'DNS'])(
    'are none where they cannot be read for certain: %s',
    (text) => {
      expect(names(text)).toEqual([]);
    },
  );
});
