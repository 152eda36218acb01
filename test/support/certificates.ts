import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why there are no certificates for tests, on a machine without OpenSSL; undefined if there are. */
export const noCertificates: string | undefined = whyNot();

function whyNot(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    if (process.env.CI !== undefined && process.env.CI !== '') throw new Error('There is no openssl on PATH.');
    console.warn('Tests of TLS are skipped: they make their certificates with openssl, which is not on PATH.');
    return 'there is no openssl on PATH';
  }
}

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  /** Subject alternative names as OpenSSL writes them: `DNS:a.example.com`, `URI:spiffe://…`, `IP:127.0.0.1`. */
  readonly names: readonly string[];
  /** Default: 1. Negative: it has expired. */
  readonly days?: number;
  /** What it may be used for, as OpenSSL calls it. Default: both. */
  readonly use?: 'serverAuth' | 'clientAuth' | 'serverAuth,clientAuth';
}

/** A CA of a test. Its key never leaves a folder of its own. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'shunt-ca-'));
  /** As PEM. */
  readonly certificate: string;

  constructor(name: string) {
    this.#openssl([
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    ]);
    this.certificate = this.#read('ca.crt');
  }

  issue({ names, days = 1, use = 'serverAuth,clientAuth' }: Subject): Pair {
    const extensions = [`extendedKeyUsage=${use}`, ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : [])];
    writeFileSync(join(this.#folder, 'extensions'), extensions.join('\n'));
    this.#openssl(['req', '-new', ...NEW_KEY, '-keyout', 'key', '-out', 'request', '-subj', '/CN=test']);
    const issuer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', `0x${crypto.randomUUID().replaceAll('-', '')}`];
    this.#openssl([
      'x509',
      '-req',
      '-in',
      'request',
      ...issuer,
      '-days',
      `${days}`,
      '-extfile',
      'extensions',
      '-out',
      'crt',
    ]);
    return { certificate: this.#read('crt'), key: this.#read('key') };
  }

  delete(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' });
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }
}

// OpenSSL 3 has -noenc for -nodes, which LibreSSL does not know.
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
