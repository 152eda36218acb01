import { describe, expect, test } from 'vitest';
import { type SettingField, schema } from '../../../src/settings/index.ts';

/** What a setting makes of a text: its value, or the sentence's middle, which quotes it. */
function read(field: SettingField, text: string): unknown {
  const reading = schema[field].read(text);
  return 'why' in reading ? reading.why : reading.value;
}

describe('an address to serve at or to reach', () => {
  test.each([
    ['127.0.0.1:18000', { host: '127.0.0.1', port: 18000 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['[::1]:18000', { host: '::1', port: 18000 }],
    ['Shunt.shunt-system:18000', { host: 'shunt.shunt-system', port: 18000 }],
    [' localhost:1 ', { host: 'localhost', port: 1 }],
  ])('may be %s', (text, value) => {
    expect(read('xds', text)).toEqual(value);
  });

  test.each([
    ['localhost', '"localhost" is not HOST:PORT'],
    ['18000', '"18000" is not HOST:PORT'],
    ['', '"" is not HOST:PORT'],
    ['localhost:http', '"localhost:http" is not HOST:PORT'],
    ['localhost:-1', '"localhost:-1" is not HOST:PORT'],
    ['http://localhost:1', '"http://localhost:1" is not HOST:PORT'],
    ['localhost:65536', '"localhost:65536" has a port outside 0 to 65535'],
    [':18000', '":18000" has a host that is neither an IP address nor a DNS name'],
    ['1.2.3:18000', '"1.2.3:18000" has a host that is neither an IP address nor a DNS name'],
    ['256.1.1.1:18000', '"256.1.1.1:18000" has a host that is neither an IP address nor a DNS name'],
    ['a_b:18000', '"a_b:18000" has a host that is neither an IP address nor a DNS name'],
    ['[localhost]:18000', '"[localhost]:18000" has no IPv6 address between its brackets'],
    ['::1', '"::1" looks like an IPv6 address, which needs brackets and a port'],
    ['::1:18000', '"::1:18000" looks like an IPv6 address, which needs brackets and a port'],
  ])('may not be "%s"', (text, why) => {
    expect(read('xds', text)).toBe(why);
  });
});

describe('an address that Envoy binds', () => {
  test('is an IP address, for Envoy resolves no names there', () => {
    expect(read('envoyAdmin', 'localhost:19001')).toBe('"localhost:19001" has a host that is not an IP address');
  });

  test('has a port, for nobody would know one that the system chose', () => {
    expect(read('envoyAdmin', '127.0.0.1:0')).toBe('"127.0.0.1:0" has a port outside 1 to 65535');
  });

  test('may stand in a list, with commas', () => {
    expect(read('listen', '0.0.0.0:80,[::]:80')).toEqual([
      { host: '0.0.0.0', port: 80 },
      { host: '::', port: 80 },
    ]);
  });

  test('stands there once', () => {
    expect(read('listen', '0.0.0.0:80, 0.0.0.0:80')).toBe('"0.0.0.0:80" stands there twice');
  });

  test('is quoted by itself where it is the one wrong in a list', () => {
    expect(read('listen', '0.0.0.0:80,nowhere')).toBe('"nowhere" is not HOST:PORT');
  });
});

describe('the carriers of a key', () => {
  test.each(['keyHeader', 'keyBaggage', 'keyTracestate', 'keyCookie', 'keyQuery'] as const)(
    '%s can be switched off',
    (field) => {
      expect(read(field, 'off')).toBeUndefined();
      expect(read(field, 'false')).toBeUndefined();
    },
  );

  test('a header is named in lower case, as Envoy has it', () => {
    expect(read('keyHeader', 'X-Preview')).toBe('x-preview');
  });

  test('a cookie and a baggage member keep their case, which matters there', () => {
    expect(read('keyCookie', 'Preview')).toBe('Preview');
    expect(read('keyBaggage', 'Preview')).toBe('Preview');
  });

  test.each([':authority', 'x preview', 'x-prévue', 'a=b', ''])('"%s" is not a name that HTTP allows', (text) => {
    expect(read('keyHeader', text)).toBe(`"${text}" has characters that such a name cannot have`);
    expect(read('keyCookie', text)).toBe(`"${text}" has characters that such a name cannot have`);
  });

  test.each(['preview', 'shop@preview', '1a_-*/x', 'a'.repeat(60)])(
    '"%s" is the key of a tracestate member',
    (text) => {
      expect(read('keyTracestate', text)).toBe(text);
    },
  );

  test.each(['Preview', 'a b', 'a=b', '@a', 'a@', 'a@1b', 'a.b', ''])('"%s" is not one', (text) => {
    expect(read('keyTracestate', text)).toBe(`"${text}" has characters that such a name cannot have`);
  });

  test('a query parameter has a name that no client encodes', () => {
    expect(read('keyQuery', 'Pre-view_1.~')).toBe('Pre-view_1.~');
    expect(read('keyQuery', 'pre+view')).toBe('"pre+view" has characters that such a name cannot have');
    expect(read('keyQuery', 'a[b]')).toBe('"a[b]" has characters that such a name cannot have');
  });

  test('a name is short enough for the expressions that Envoy takes', () => {
    for (const setting of ['keyHeader', 'keyCookie', 'keyTracestate', 'keyQuery'] as const) {
      expect(read(setting, 'a'.repeat(60))).toBe('a'.repeat(60));
      expect(read(setting, 'a'.repeat(61))).toBe(`"${'a'.repeat(61)}" is longer than 60 characters`);
    }
    expect(read('keyBaggage', 'a'.repeat(20))).toBe('a'.repeat(20));
    expect(read('keyBaggage', 'a'.repeat(21))).toBe(`"${'a'.repeat(21)}" is longer than 20 characters`);
  });

  test('a name has a letter or digit', () => {
    expect(read('keyCookie', '_1')).toBe('_1');
    expect(read('keyBaggage', '!-!')).toBe('"!-!" has no letter or digit');
    expect(read('keyQuery', '~')).toBe('"~" has no letter or digit');
  });

  test('a reserved path is any but the root, as no client encodes it', () => {
    expect(read('browserPath', '/.shunt')).toBe('/.shunt');
    expect(read('browserPath', '/-/previews')).toBe('/-/previews');
    expect(read('browserPath', 'off')).toBe(undefined);
    expect(read('browserPath', 'shunt')).toBe('"shunt" does not begin with "/"');
    expect(read('browserPath', '/')).toBe('"/" would leave no path to the services');
    expect(read('browserPath', '/a/../b')).toBe('"/a/../b" has "." or ".." in it');
    for (const text of ['/a/', '//a', '/a b', '/a?b', '/%61']) {
      expect(read('browserPath', text)).toBe(`${JSON.stringify(text)} is not such a path`);
    }
  });

  test('an origin is as browsers write it', () => {
    expect(read('corsOrigin', 'https://Shop.Example.com:443, http://*.example.com:80')).toEqual([
      'https://shop.example.com',
      'http://*.example.com',
    ]);
    expect(read('corsOrigin', 'http://localhost:3000,http://127.0.0.1:3000,http://[::1]')).toEqual([
      'http://localhost:3000',
      'http://127.0.0.1:3000',
      'http://[::1]',
    ]);
    for (const text of ['*', 'shop.example.com', 'https://shop.example.com/', 'ftp://a.b', 'null', 'https://a@b.c']) {
      expect(read('corsOrigin', text)).toBe(`"${text}" is not SCHEME://HOST or SCHEME://HOST:PORT`);
    }
    for (const text of ['https://*', 'https://a.*.b', 'https://*.127.0.0.1', 'https://a_b']) {
      expect(read('corsOrigin', text)).toBe(`"${text}" has a host that is no DNS name or address`);
    }
    expect(read('corsOrigin', 'https://a.b:0')).toBe('"https://a.b:0" has no such port');
    expect(read('corsOrigin', `https://${'a'.repeat(63)}.b`)).toContain('is longer than 70 characters');
  });

  test('a header is not one that has a meaning of its own', () => {
    expect(read('keyHeader', 'Cookie')).toBe('"Cookie" is a header with a meaning of its own');
    expect(read('keyHeader', 'tracestate')).toBe('"tracestate" is a header with a meaning of its own');
  });

  test('the host is on or off', () => {
    expect(read('keyHost', 'on')).toBe(true);
    expect(read('keyHost', 'Off')).toBe(false);
    expect(read('keyHost', 'maybe')).toBe('"maybe" is neither on nor off');
  });
});

describe('names', () => {
  test('a preview domain becomes lower case', () => {
    expect(read('previewDomain', 'Preview.Example.COM')).toBe('preview.example.com');
  });

  test.each(['.example.com', 'example.com.', '*.example.com', 'a..b', '-a.b', 'a_b', `${'a'.repeat(64)}.com`])(
    'a preview domain is not %s',
    (text) => {
      expect(read('previewDomain', text)).toBe(`"${text}" is not a DNS name`);
    },
  );

  test('a preview domain has at most 189 characters, so that a label of 63 fits before it', () => {
    const longest = `${'a.'.repeat(94)}a`;
    expect(read('previewDomain', longest)).toBe(longest);
    expect(read('previewDomain', `${longest}a`)).toBe(
      `"${longest}a" has 190 characters, which leaves too few for the previews' own names`,
    );
  });

  test('a namespace is as Kubernetes has it', () => {
    expect(read('gatewayNamespace', 'shop-2')).toBe('shop-2');
    expect(read('gatewayNamespace', 'Shop')).toBe('"Shop" is not the name of a namespace');
    expect(read('namespace', 'a,b')).toEqual(['a', 'b']);
    expect(read('namespace', 'a,,b')).toBe('"" is not the name of a namespace');
  });

  test('a choice is one of its words, in any case', () => {
    expect(read('logLevel', 'WARN')).toBe('warn');
    expect(read('logLevel', 'loud')).toBe('"loud" is not one of them');
    expect(read('protocol', 'sotw')).toBe('sotw');
  });

  test('a path is not empty', () => {
    expect(read('directory', ' ')).toBe('"" is empty');
  });
});

describe('a number', () => {
  test.each([
    ['2', 2],
    [' 50000 ', 50_000],
    ['007', 7],
  ])('may be "%s"', (text, value) => {
    expect(read('xdsStreams', text)).toBe(value);
  });

  test.each([
    ['1', '"1" is less than 2'],
    ['-5', '"-5" is not a whole number of at most nine digits'],
    ['1e3', '"1e3" is not a whole number of at most nine digits'],
    ['1.5', '"1.5" is not a whole number of at most nine digits'],
    ['', '"" is not a whole number of at most nine digits'],
    ['1000000000', '"1000000000" is not a whole number of at most nine digits'],
  ])('may not be "%s"', (text, why) => {
    expect(read('xdsStreams', text)).toBe(why);
  });
});
