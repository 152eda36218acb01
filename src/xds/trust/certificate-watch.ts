import { type CertificateFiles, type Certificates, readCertificates } from './certificates.ts';
import { PathWatch } from './path-watch.ts';

/** What becomes of the files while they are watched. */
export interface CertificateEvents {
  /** Others are in force: they could be read, and go together. */
  readonly changed: (certificates: Certificates) => void;
  /** What is wrong with the files, or with the certificate in force; said once. */
  readonly failed: (sentence: string) => void;
  /** What was wrong no longer is. */
  readonly mended: () => void;
}

export interface CertificateTiming {
  /** How often the files are looked at without being told of a change, which not every file system tells; milliseconds. */
  readonly lookMs: number;
  /** How long files may be halfway through an exchange, one new and the other old, before that is a failure; milliseconds. */
  readonly patienceMs: number;
}

export const DEFAULT_TIMING: CertificateTiming = { lookMs: 30_000, patienceMs: 1_000 };

/** Keeps the last certificates that were good in force, whatever is in the files. */
export class CertificateWatch {
  readonly #files: CertificateFiles;
  readonly #events: CertificateEvents;
  readonly #timing: CertificateTiming;
  readonly #paths: PathWatch;
  readonly #looking: NodeJS.Timeout;
  #current: Certificates;
  #patience: NodeJS.Timeout | undefined;
  #lasting = false;
  #said: string | undefined;
  #scheduled: NodeJS.Immediate | undefined;

  /** @throws Error with a sentence that names the file, if there are no good certificates to begin with. */
  constructor(files: CertificateFiles, events: CertificateEvents, timing: CertificateTiming = DEFAULT_TIMING) {
    this.#files = files;
    this.#events = events;
    this.#timing = timing;
    const { certificate, key, ca } = files;
    this.#paths = new PathWatch(ca === undefined ? [certificate, key] : [certificate, key, ca], () => this.#schedule());
    try {
      this.#current = readCertificates(files);
    } catch (error) {
      this.#paths.close();
      throw error;
    }
    this.#looking = setInterval(() => this.#look(), timing.lookMs);
    this.#looking.unref();
    // They may have expired already.
    this.#schedule();
  }

  get current(): Certificates {
    return this.#current;
  }

  close(): void {
    this.#paths.close();
    clearInterval(this.#looking);
    clearTimeout(this.#patience);
    clearImmediate(this.#scheduled);
  }

  /** One look for all that is told in one turn of the event loop. */
  #schedule(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      this.#look();
    });
  }

  #look(): void {
    this.#paths.arm();
    let found: Certificates;
    try {
      found = readCertificates(this.#files);
    } catch (error) {
      this.#fail(`${(error as Error).message} What was read before stays in force.`);
      return;
    }
    if (!same(found, this.#current)) {
      this.#current = found;
      this.#events.changed(found);
    }
    if (found.expires.getTime() < Date.now()) {
      this.#fail(`The certificate "${this.#files.certificate}" expired on ${found.expires.toISOString()}.`);
    } else {
      this.#succeed();
    }
  }

  /** Says it once it has lasted, and then once. */
  #fail(sentence: string): void {
    if (this.#said === sentence) return;
    if (this.#lasting) {
      this.#said = sentence;
      this.#events.failed(sentence);
      return;
    }
    this.#patience ??= setTimeout(() => {
      this.#lasting = true;
      this.#look();
    }, this.#timing.patienceMs);
    this.#patience.unref();
  }

  #succeed(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#lasting = false;
    if (this.#said !== undefined) this.#events.mended();
    this.#said = undefined;
  }
}

function same(a: Certificates, b: Certificates): boolean {
  return a.certificate.equals(b.certificate) && a.key.equals(b.key) && (a.ca?.equals(b.ca!) ?? true);
}
