import { isIP } from 'node:net';
import type { KeyTrust, Listen } from './settings.ts';
import { type Reader, type Reading, readHeaderName, readHostPort, refuse } from './values.ts';

const readAddress = readHostPort({ names: false, anyPort: false });

/** `IP:PORT trust=WHOM …`: everyone, nobody, secret or jwt, or one network or several. */
export const readListen: Reader<Listen> = (text) => {
  const [address = '', ...words] = text.trim().split(/\s+/);
  const reading = readAddress(address);
  if ('why' in reading) return reading;
  const trusted: string[] = [];
  for (const word of words) {
    const [, whom] = /^trust=(.+)$/.exec(word) ?? [];
    if (whom === undefined) return refuse(word, 'is not trust=WHOM');
    trusted.push(whom);
  }
  const trust = readTrust(trusted);
  if ('why' in trust) return trust;
  return { value: trust.value === undefined ? reading.value : { ...reading.value, trust: trust.value } };
};

function readTrust(words: readonly string[]): Reading<KeyTrust | undefined> {
  const [first] = words;
  if (first === undefined) return { value: undefined };
  switch (first) {
    case 'everyone':
    case 'nobody':
    case 'secret':
    case 'jwt':
      if (words.length > 1) return refuse(words.map((word) => `trust=${word}`).join(' '), 'trusts in several ways');
      return { value: first === 'everyone' ? undefined : { kind: first } };
    default: {
      const wrong = words.flatMap((word) => {
        const why = wrongNetwork(word);
        return why === undefined ? [] : [refuse(word, why)];
      });
      return wrong[0] ?? { value: { kind: 'addresses', networks: words } };
    }
  }
}

function wrongNetwork(text: string): string | undefined {
  const [, address, digits] = /^([0-9a-fA-F.:]+)\/([0-9]{1,3})$/.exec(text) ?? [];
  if (address === undefined) return 'is neither everyone, nobody, secret, jwt nor a network ADDRESS/BITS';
  const family = isIP(address);
  if (family === 0) return 'has no IP address before its "/"';
  const most = family === 4 ? 32 : 128;
  return Number(digits) > most ? `has more than ${most} bits after its "/"` : undefined;
}

/** The name of a header, in lower case; there has to be one. */
export const readTrustHeader: Reader<string> = (text) => {
  const reading = readHeaderName(text);
  if ('why' in reading) return reading;
  return reading.value === undefined ? refuse(text, 'names no header') : { value: reading.value };
};

/** The name of a claim; dots stand between the names of nested ones, so that a URL can be none. */
export const readClaim: Reader<string> = (text) => {
  const name = text.trim();
  return /^[A-Za-z0-9_:-]+(?:\.[A-Za-z0-9_:-]+)*$/.test(name)
    ? { value: name }
    : refuse(text, 'is not the name of a claim');
};
