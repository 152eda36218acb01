import { createPublicKey, type webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SettingsError } from './errors.ts';
import type { Settings } from './settings.ts';
import { formatHostPort } from './source.ts';

/** How listeners tell whom to trust with keys, where they do not trust everyone alike. */
export interface TrustMeans {
  /** Name of the header that holds the secret. */
  readonly secretHeader: string;
  /** Absent where no listener asks for tokens. */
  readonly tokens?: TokenCheck | undefined;
}

export interface TokenCheck {
  /** A JWKS with public keys only. */
  readonly jwks: string;
  readonly claim: string;
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
}

/**
 * What the settings say of trust with keys.
 * @throws {SettingsError} if a listener asks for tokens and there are no keys to check them with.
 */
export function chooseKeyTrust(settings: Settings): TrustMeans {
  const { listen, trustHeader, trustJwks, trustClaim, trustIssuer, trustAudience } = settings;
  const carriers = [settings.keyHeader, 'authorization'];
  if (listen.some(({ trust }) => trust?.kind === 'secret') && carriers.includes(trustHeader)) {
    throw new SettingsError([
      `setting trust-header: "${trustHeader}" is a header with another use; choose one of its own, for example x-shunt-secret.`,
    ]);
  }
  const asking = listen.find(({ trust }) => trust?.kind === 'jwt');
  if (asking === undefined) return { secretHeader: trustHeader };
  if (trustJwks === undefined) {
    throw new SettingsError([
      `setting listen: "${formatHostPort(asking)} trust=jwt" wants keys to check tokens with; give --trust-jwks FILE.`,
    ]);
  }
  const jwks = readJwks(trustJwks);
  return {
    secretHeader: trustHeader,
    tokens: { jwks, claim: trustClaim, issuer: trustIssuer, audiences: trustAudience },
  };
}

/** The kinds of keys that Envoy checks signatures with, and the curves of those that have any. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  RSA: [],
  EC: ['P-256', 'P-384', 'P-521'],
  OKP: ['Ed25519'],
};

function readJwks(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw wrongJwks(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw wrongJwks(path, 'is not JSON');
  }
  const keys = (parsed as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys) || keys.length === 0) throw wrongJwks(path, 'holds no list "keys" with a key in it');
  for (const [index, key] of (keys as webcrypto.JsonWebKey[]).entries()) {
    const why = wrongKey(key);
    if (why !== undefined) throw wrongJwks(path, `has a key, number ${index + 1}, that ${why}`);
  }
  // Only what is needed is passed on, as every Envoy's configuration shows it.
  return JSON.stringify({ keys });
}

/** Never quotes a key: it may be one that is to be secret. */
function wrongKey(key: webcrypto.JsonWebKey | null): string | undefined {
  const { kty, crv } = key ?? {};
  const curves = typeof kty === 'string' ? KINDS[kty] : undefined;
  if (curves === undefined) return `is of the kind ${JSON.stringify(kty)}`;
  if (curves.length > 0 && !curves.includes(String(crv))) return `is on the curve ${JSON.stringify(crv)}`;
  if ('d' in key!) return 'is private, and would be shown to all who see the configuration';
  try {
    createPublicKey({ key: key!, format: 'jwk' });
    return undefined;
  } catch {
    return 'is incomplete or broken';
  }
}

function wrongJwks(path: string, why: string): SettingsError {
  return new SettingsError([
    `setting trust-jwks: the file "${path}" ${why}; write a JWKS (RFC 7517) with public keys for RSA, EC (P-256, P-384, P-521) or Ed25519.`,
  ]);
}

/** In characters. Whoever can try a thousand a second does not guess 16 of them. */
const SHORTEST_SECRET = 16;
const LONGEST_SECRET = 256;

/**
 * The secret in a text, without the line's end.
 * @param where the text stands, for the sentence; the secret is never in it.
 * @throws {SettingsError} if it is none.
 */
export function readSecret(text: string, where: string): string {
  const secret = text.replace(/\r?\n$/, '');
  const wrong =
    secret.length < SHORTEST_SECRET || secret.length > LONGEST_SECRET
      ? `has ${secret.length} characters`
      : /^[\x21-\x7e]*$/.test(secret)
        ? undefined
        : 'has a space or a character that is not ASCII';
  if (wrong === undefined) return secret;
  throw new SettingsError([
    `${where}: the secret ${wrong}; write ${SHORTEST_SECRET} to ${LONGEST_SECRET} printable ASCII characters without spaces, for example ` +
      'what "openssl rand -hex 32" prints.',
  ]);
}

/**
 * @param setting that names the file.
 * @throws {SettingsError} likewise, or if the file cannot be read.
 */
export function readSecretFile(path: string, setting: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingsError([
      `setting ${setting}: the file "${path}" cannot be read (${code}); write the path of a file.`,
    ]);
  }
  return readSecret(text, `setting ${setting}: in the file "${path}"`);
}
