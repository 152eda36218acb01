import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Why a question is not answered. */
export interface Denial {
  readonly status: 401 | 403;
  readonly sentence: string;
}

/**
 * Who may ask for more than health and metrics: whoever has the token, and whoever asks this machine from itself, as
 * `kubectl port-forward` does in a Pod. A page in a browser on this machine may not, even if a name of its own leads here
 * (DNS rebinding): then the question's host is that name.
 *
 * @param token undefined if there is none, so that only this machine may ask.
 */
export function denial(request: IncomingMessage, token: string | undefined): Denial | undefined {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token !== undefined && given !== undefined && sameText(given, token)) return undefined;
  if (isLoopback(request.socket.remoteAddress ?? '') && isLoopbackHost(request.headers.host ?? '')) return undefined;
  return token === undefined
    ? {
        status: 403,
        sentence:
          'this is answered to this machine only, under a name such as localhost. Use kubectl port-forward, or start ' +
          'Shunt with --admin-token FILE and send the token.',
      }
    : { status: 401, sentence: 'send the token as the header "authorization: Bearer TOKEN".' };
}

/** Takes the same time wherever they differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name.toLowerCase() === 'localhost' || isLoopback(name);
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
