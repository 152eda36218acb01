import type { PeerCertificate } from 'node:tls';

/** What a certificate says that its holder is: a DNS name, in lower case, or a URI such as a SPIFFE id. */
export interface Identity {
  readonly kind: 'dns' | 'uri';
  readonly name: string;
}

// Node's text form of the extension: entries between ", ", of which those that hold a comma or a quote are JSON strings.
// https://nodejs.org/api/tls.html#certificate-object
const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/** The identities of a certificate that was verified: its subject alternative names of type DNS and URI, in its order. */
export function identitiesOf({ subjectaltname = '' }: Pick<PeerCertificate, 'subjectaltname'>): readonly Identity[] {
  const identities: Identity[] = [];
  entry.lastIndex = 0;
  while (entry.lastIndex < subjectaltname.length) {
    const match = entry.exec(subjectaltname);
    // Whoever may not be read right is nobody.
    if (match === null) return [];
    const [, type, written] = match;
    const name = written!.startsWith('"') ? (JSON.parse(written!) as string) : written!;
    if (type === 'DNS') identities.push({ kind: 'dns', name: name.toLowerCase() });
    if (type === 'URI') identities.push({ kind: 'uri', name });
  }
  return identities;
}

/** How a certificate's holder is called in a log and in a refusal, trusted or not: its names, else its subject. */
export function holderOf(certificate: PeerCertificate): string {
  const names = identitiesOf(certificate).map(({ name }) => name);
  const words = names.length > 0 ? names.join(', ') : subjectOf(certificate);
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words;
}

function subjectOf({ subject }: PeerCertificate): string {
  const parts = Object.entries(subject ?? {}).map(([key, value]) => `${key}=${value}`);
  return parts.length > 0 ? parts.join(', ') : 'nobody';
}

/** So many characters of what a stranger wrote. */
const LONGEST = 200;
