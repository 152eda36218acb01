import { isIP } from 'node:net';
import { isDnsName } from '../dns-names.ts';
import type { ClientRule } from './settings.ts';
import { type Reader, type Reading, refuse } from './values.ts';

/** `IDENTITY node=ID … namespace=NAME …`, of which only the identity must be there. */
export const readClientRule: Reader<ClientRule> = (text) => {
  const [identity, ...claims] = text.trim().split(/\s+/);
  const wrong = wrongIdentity(identity!);
  if (wrong !== undefined) return refuse(identity!, wrong);
  const nodes: string[] = [];
  const namespaces: string[] = [];
  for (const claim of claims) {
    const [, kind, name] = /^(node|namespace)=(.+)$/.exec(claim) ?? [];
    if (name === undefined) return refuse(claim, 'is neither node=ID nor namespace=NAME');
    if (name.slice(0, -1).includes('*')) return refuse(claim, 'has a "*" that is not at its end');
    if (kind === 'node') nodes.push(name);
    else if (/^[a-z0-9-]{0,63}\*?$/.test(name)) namespaces.push(name);
    else return refuse(claim, 'does not name a namespace');
  }
  return { value: { identity: isUri(identity!) ? identity! : identity!.toLowerCase(), nodes, namespaces } };
};

function wrongIdentity(identity: string): string | undefined {
  if (identity === '') return 'names no identity';
  if (identity.includes('=') && !isUri(identity)) return 'stands where the identity belongs';
  if (isUri(identity)) {
    const stem = identity.endsWith('*') ? identity.slice(0, -1) : identity;
    if (stem.includes('*')) return 'has a "*" that is not at its end';
    // What follows the authority of a URI belongs to it; what continues the authority's own name belongs to somebody else.
    if (identity.endsWith('*') && /^[^:]*:(\/\/[^/]*)?$/.test(stem))
      return 'leaves the trust domain open: write a "/" after it';
    return URL.canParse(stem) ? undefined : 'is not a URI';
  }
  const name = identity.toLowerCase().replace(/^\*\.|\*$/, '');
  return name !== '' && isDnsName(name.replace(/[.-]$/, '')) ? undefined : 'is neither a DNS name nor a URI';
}

/** Whether it is the name of a URI's kind; a DNS name has no colon. */
function isUri(identity: string): boolean {
  return identity.includes(':');
}

/** What a certificate may be issued to: a DNS name, in lower case, an IP address or a URI. */
export const readServerName: Reader<string> = (text): Reading<string> => {
  const name = text.trim();
  if (isIP(name) !== 0) return { value: name };
  if (isDnsName(name.toLowerCase())) return { value: name.toLowerCase() };
  return /^[a-z][a-z0-9+.-]*:\/\//.test(name) && URL.canParse(name)
    ? { value: name }
    : refuse(text, 'is neither a DNS name nor an IP address nor a URI');
};
