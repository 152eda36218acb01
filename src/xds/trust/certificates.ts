import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The server's certificate, followed by those between it and its CA. */
  readonly certificate: string;
  /** The certificate's private key, without a passphrase. */
  readonly key: string;
  /** The CAs that clients' certificates must come from; undefined asks clients for none. */
  readonly ca?: string | undefined;
}

/** Certificates that go together and can be served. */
export interface Certificates {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  /** When the server's own certificate expires. */
  readonly expires: Date;
}

/** @throws Error with a sentence that names the file, if one cannot be read or they do not go together. */
export function readCertificates(files: CertificateFiles): Certificates {
  const certificate = read('certificate', files.certificate);
  const key = read('key', files.key);
  const ca = files.ca === undefined ? undefined : read('CA', files.ca);
  const [leaf] = parseCertificates('certificate', files.certificate, certificate);
  if (!leaf!.checkPrivateKey(parseKey(files.key, key))) {
    throw new Error(`The key "${files.key}" is not that of the certificate "${files.certificate}".`);
  }
  if (ca !== undefined) parseCertificates('CA', files.ca!, ca);
  try {
    createSecureContext({ cert: certificate, key, ca });
  } catch (error) {
    // Such as a key too short for OpenSSL's security level.
    throw new Error(`The certificate "${files.certificate}" cannot be used (${(error as Error).message}).`);
  }
  return { certificate, key, ca, expires: leaf!.validToDate };
}

function read(role: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`The ${role} "${path}" ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}.`);
  }
}

// RFC 7468, 5. Of a file that is being written the last block may lack its end, which the count of beginnings tells.
const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const beginning = /-----BEGIN CERTIFICATE-----/g;

function parseCertificates(role: string, path: string, pem: Buffer): readonly X509Certificate[] {
  const text = pem.toString('latin1');
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0) throw new Error(`The ${role} "${path}" holds no certificate in PEM form.`);
  if (blocks.length < text.match(beginning)!.length) throw new Error(`The ${role} "${path}" breaks off.`);
  return blocks.map((each) => {
    try {
      return new X509Certificate(each);
    } catch {
      throw new Error(`The ${role} "${path}" holds a certificate that cannot be read.`);
    }
  });
}

function parseKey(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // In the old form of PEM as in the new; OpenSSL's errors differ.
    throw new Error(
      pem.includes('ENCRYPTED')
        ? `The key "${path}" has a passphrase; write it without one.`
        : `The key "${path}" holds no private key in PEM form.`,
    );
  }
}
