import type { SeenRequest } from './envoy/request.ts';

/** A request as a person writes it. */
export interface WrittenRequest {
  readonly method: string;
  /** `http://api.example.com/x?y=1`, or with https. */
  readonly url: string;
  /** Each `name: value`. `host` stands in place of the URL's. */
  readonly headers: readonly string[];
}

/** A sentence that quotes what is no request, and says what to write instead. */
export class RequestError extends Error {}

/** What an Envoy takes by default, of all headers together; in characters. */
const LONGEST = 60 * 1024;
const MOST_HEADERS = 100;

/** RFC 3986, section 3.2, without user names; Envoy answers others with 400. */
const AUTHORITY = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]+$/;

/**
 * The request as a gateway sees it: with a normal path, without a dot at the end of its host.
 *
 * @throws RequestError whose message is for the person who asks.
 */
export function readRequest({ method, url, headers }: WrittenRequest): SeenRequest {
  const size = [method, url, ...headers].reduce((sum, { length }) => sum + length, 0);
  if (headers.length > MOST_HEADERS || size > LONGEST) {
    throw new RequestError(
      `the request has ${headers.length} headers and ${size} characters; gateways take at most ${MOST_HEADERS} and ${LONGEST}.`,
    );
  }
  if (!/^[A-Z][A-Z-]*$/.test(method)) {
    throw new RequestError(`the method ${quote(method)} is none; write one in upper case, such as GET.`);
  }
  const parts = /^https?:\/\/([^/?#\s@]+)(\/[^?#\s]*)?(\?[^#\s]*)?(?:#\S*)?$/i.exec(url);
  if (parts === null) {
    throw new RequestError(
      `the URL ${quote(url)} is none; write http://HOST/PATH, such as http://api.example.com/cart?x=1.`,
    );
  }
  const lines = new Map<string, readonly string[]>();
  for (const header of headers) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/.exec(header) ?? [];
    if (name === undefined) {
      throw new RequestError(`the header ${quote(header)} is none; write NAME: VALUE, such as x-preview: pr-123.`);
    }
    lines.set(name.toLowerCase(), [...(lines.get(name.toLowerCase()) ?? []), value!.trimEnd()]);
  }
  const [, host, path = '/', query = ''] = parts;
  const authority = (lines.get('host')?.[0] ?? host!).replace(/\.(?=$|:[0-9]+$)/, '');
  if (!AUTHORITY.test(authority)) {
    throw new RequestError(
      `the host ${quote(authority)} is none; write a DNS name or an address, and a port if need be.`,
    );
  }
  lines.delete('host');
  return { method, authority, path: normalPath(path) + query, headers: lines };
}

/** RFC 3986, section 6.2.2: characters that need no escape have none, and `.` and `..` are followed. */
function normalPath(path: string): string {
  const plain = path.replace(/%([0-9a-f]{2})/gi, (written, code) => {
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : written;
  });
  return new URL(`http://host${plain}`).pathname;
}

function quote(text: string): string {
  return `${JSON.stringify(text.slice(0, 80))}${text.length > 80 ? '…' : ''}`;
}
