import { isIP } from 'node:net';
import { isDnsLabel, isDnsName } from '../dns-names.ts';
import type { HostPort } from './settings.ts';

/** What came of reading a value. `why` quotes what is wrong and goes between the place and what is accepted. */
export type Reading<V> = { readonly value: V } | { readonly why: string };

/** Reads the text of a setting; the text of a list has commas. */
export type Reader<V> = (text: string) => Reading<V>;

// RFC 9110, 5.6.2: names of headers. RFC 6265 (cookies) and W3C Baggage use the same grammar for theirs.
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

// W3C Trace Context, 3.3.1.3.1.
const tracestateKey = /^[a-z0-9][a-z0-9_*/-]{0,255}(?:@[a-z][a-z0-9_*/-]{0,13})?$/;

// RFC 3986, 2.3.
const unreserved = /^[A-Za-z0-9._~-]+$/;

// Headers with a meaning of their own: a key in one of them would change what the request is, or is read elsewhere.
const reservedHeaders = new Set([
  'baggage',
  'connection',
  'content-length',
  'cookie',
  'host',
  'te',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
]);

export const readText: Reader<string> = (text) =>
  text.trim() === '' ? refuse(text, 'is empty') : { value: text.trim() };

const words: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  false: false,
  off: false,
  no: false,
};

export const readBoolean: Reader<boolean> = (text) => {
  const value = words[text.trim().toLowerCase()];
  return value === undefined ? refuse(text, 'is neither on nor off') : { value };
};

export function readOneOf<V extends string>(accepted: readonly V[]): Reader<V> {
  return (text) => {
    const value = accepted.find((word) => word === text.trim().toLowerCase());
    return value === undefined ? refuse(text, 'is not one of them') : { value };
  };
}

/** A whole number, in decimal digits. */
export function readNumber(least: number): Reader<number> {
  return (text) => {
    const digits = text.trim();
    if (!/^[0-9]{1,9}$/.test(digits)) return refuse(text, 'is not a whole number of at most nine digits');
    return Number(digits) < least ? refuse(text, `is less than ${least}`) : { value: Number(digits) };
  };
}

/**
 * HOST:PORT, an IPv6 address in brackets.
 * @param names whether HOST may be a DNS name; what Envoy binds must be an IP address.
 * @param anyPort whether the port may be 0, for "any free one".
 */
export function readHostPort({ names, anyPort }: { names: boolean; anyPort: boolean }): Reader<HostPort> {
  return (text) => {
    const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text.trim());
    if (match === null) {
      const bare = /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(text.trim());
      return refuse(text, bare ? 'looks like an IPv6 address, which needs brackets and a port' : 'is not HOST:PORT');
    }
    const [, bracketed, plain, digits] = match;
    const port = Number(digits);
    if (port > 65_535 || (port === 0 && !anyPort))
      return refuse(text, `has a port outside ${anyPort ? 0 : 1} to 65535`);
    if (bracketed !== undefined) {
      return isIP(bracketed) === 6
        ? { value: { host: bracketed, port } }
        : refuse(text, 'has no IPv6 address between its brackets');
    }
    const host = plain!.toLowerCase();
    if (isIP(host) === 4) return { value: { host, port } };
    if (!names) return refuse(text, 'has a host that is not an IP address');
    // Four numbers are an address with a mistake in it, not the name that the grammar would let them be.
    return isDnsName(host) && !/^[0-9.]+$/.test(host)
      ? { value: { host, port } }
      : refuse(text, 'has a host that is neither an IP address nor a DNS name');
  };
}

export const readDnsLabel: Reader<string> = (text) =>
  isDnsLabel(text.trim()) ? { value: text.trim() } : refuse(text, 'is not the name of a namespace');

/** A DNS name without a final dot; case does not matter and becomes lower. */
export const readDnsName: Reader<string> = (text) => {
  const name = text.trim().toLowerCase();
  return isDnsName(name) ? { value: name } : refuse(text, 'is not a DNS name');
};

/** Leaves room for the label before it, of 63 characters at most, and its dot: a name has 253. */
const LONGEST_PREVIEW_DOMAIN = 189;

/** A DNS name under which every preview can have a host. */
export const readPreviewDomain: Reader<string> = (text) => {
  const reading = readDnsName(text);
  if ('why' in reading || reading.value.length <= LONGEST_PREVIEW_DOMAIN) return reading;
  return refuse(text, `has ${reading.value.length} characters, which leaves too few for the previews' own names`);
};

/** The name of a header, in lower case as Envoy has it, or `off`. */
export const readHeaderName: Reader<string | undefined> = (text) => {
  const reading = readCookieName(text);
  if ('why' in reading || reading.value === undefined) return reading;
  const name = reading.value.toLowerCase();
  return reservedHeaders.has(name) ? refuse(text, 'is a header with a meaning of its own') : { value: name };
};

/** The name of a cookie, whose case matters, or `off`. */
export const readCookieName: Reader<string | undefined> = readName(token);

/** The name of a baggage member, whose case matters, or `off`. It stands three times in one expression. */
export const readBaggageName: Reader<string | undefined> = readName(token, 20);

/** The key of a tracestate member, or `off`. */
export const readTracestateKey: Reader<string | undefined> = readName(tracestateKey);

/** The name of a query parameter that no client encodes, or `off`. */
export const readQueryName: Reader<string | undefined> = readName(unreserved);

/** Names stand in regular expressions, of which Envoy takes up to 100 instructions, each character being one. */
function readName(grammar: RegExp, longest = 60): Reader<string | undefined> {
  return (text) => {
    const name = text.trim();
    if (words[name.toLowerCase()] === false) return { value: undefined };
    if (!grammar.test(name)) return refuse(text, 'has characters that such a name cannot have');
    if (name.length > longest) return refuse(text, `is longer than ${longest} characters`);
    return /[A-Za-z0-9]/.test(name) ? { value: name } : refuse(text, 'has no letter or digit');
  };
}

/** A path below which the gateways answer, without a slash at its end, or `off`. */
export const readReservedPath: Reader<string | undefined> = (text) => {
  const path = text.trim();
  if (words[path.toLowerCase()] === false) return { value: undefined };
  const parts = path.split('/').slice(1);
  if (!path.startsWith('/')) return refuse(text, 'does not begin with "/"');
  if (path === '/') return refuse(text, 'would leave no path to the services');
  if (!parts.every((part) => unreserved.test(part))) return refuse(text, 'is not such a path');
  return parts.includes('.') || parts.includes('..') ? refuse(text, 'has "." or ".." in it') : { value: path };
};

/** As browsers write it, in lower case and without the scheme's own port; `*.` at the host's beginning stands for labels. */
export const readOrigin: Reader<string> = (text) => {
  const match = /^(https?):\/\/(\*\.)?([^/:?#@]+|\[[^\]]*\])(?::([0-9]{1,5}))?$/.exec(text.trim().toLowerCase());
  if (match === null) return refuse(text, 'is not SCHEME://HOST or SCHEME://HOST:PORT');
  const [, scheme, wildcard = '', host = '', port] = match;
  const isAddress = isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0;
  if (isAddress ? wildcard !== '' : !isDnsName(host)) return refuse(text, 'has a host that is no DNS name or address');
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) return refuse(text, 'has no such port');
  const usual = port === undefined || Number(port) === (scheme === 'https' ? 443 : 80);
  const value = `${scheme}://${wildcard}${host}${usual ? '' : `:${Number(port)}`}`;
  return value.length > LONGEST_ORIGIN ? refuse(text, `is longer than ${LONGEST_ORIGIN} characters`) : { value };
};

/** Envoy takes regular expressions of up to 100 instructions, each character being one. */
const LONGEST_ORIGIN = 70;

/** Comma-separated, at least one, none twice. */
export function readList<V>(read: Reader<V>): Reader<readonly V[]> {
  return (text) => {
    const values: V[] = [];
    const seen = new Set<string>();
    for (const part of text.split(',')) {
      const reading = read(part);
      if ('why' in reading) return reading;
      const identity = JSON.stringify(reading.value);
      if (seen.has(identity)) return refuse(part, 'stands there twice');
      seen.add(identity);
      values.push(reading.value);
    }
    return { value: values };
  };
}

export function refuse(text: string, why: string): { readonly why: string } {
  return { why: `${JSON.stringify(text.trim())} ${why}` };
}
