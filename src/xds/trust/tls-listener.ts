import { constants } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { addressOfSocket } from '../address.ts';
import { type CertificateTiming, CertificateWatch, DEFAULT_TIMING } from './certificate-watch.ts';
import type { CertificateFiles, Certificates } from './certificates.ts';
import { holderOf, identitiesOf } from './identity.ts';
import { type ClientPolicy, denied, type Refusal, unauthenticated } from './policy.ts';
import type { RefusalLog } from './refusal-log.ts';
import { Refuser } from './refuser.ts';

/** TLS on the port of an xDS server. With `files.ca` it is mutual: clients show certificates of their own. */
export interface TlsOptions {
  readonly files: CertificateFiles;
  /** Which of the clients with a valid certificate may connect, and as whom; without it all may, as anyone. */
  readonly policy?: ClientPolicy | undefined;
  readonly timing?: CertificateTiming | undefined;
}

/** What a listener needs of the server behind it. */
export interface TlsListenerContext {
  readonly log: Logger;
  readonly refusals: RefusalLog;
  /** Takes over the socket of a client that may connect. */
  readonly admit: (socket: TLSSocket) => void;
}

/**
 * Accepts TLS connections and hands on those of clients that may connect. The others are told why by a gRPC status; a TLS
 * alert, which is what they would get from a handshake that fails, says nothing to whoever reads an Envoy's log.
 */
export class TlsListener {
  readonly #options: TlsOptions;
  readonly #context: TlsListenerContext;
  readonly #server: Server;
  readonly #watch: CertificateWatch;
  readonly #refuser = new Refuser();
  readonly #sockets = new Set<Socket>();

  /** @throws Error with a sentence that names the file, if the certificates cannot be used. */
  constructor(options: TlsOptions, context: TlsListenerContext) {
    this.#options = options;
    this.#context = context;
    const { files, timing = DEFAULT_TIMING } = options;
    const { log } = context;
    this.#watch = new CertificateWatch(
      files,
      {
        changed: (certificates) => {
          this.#server.setSecureContext(contextOf(certificates));
          log.info(
            { certificate: files.certificate, expires: certificates.expires },
            'The TLS certificates have changed: new connections use the new ones.',
          );
        },
        failed: (sentence) => log.error(`TLS: ${sentence}`),
        mended: () => log.info('TLS: the certificates are in order again.'),
      },
      timing,
    );
    this.#server = createServer({
      ...contextOf(this.#watch.current),
      requestCert: files.ca !== undefined,
      // Verified all the same: `authorized` tells, and only such sockets are handed on.
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#tellOfHandshake(error, socket));
  }

  /** @returns the port. Rejects with the system's error if the address cannot be had. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /**
   * Accepts no more connections, and watches no more files.
   * @returns what settles when the last connection has ended, of those too that were handed on.
   */
  close(): Promise<void> {
    this.#watch.close();
    this.#refuser.close();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Cuts off what is still connected. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: TLSSocket): void {
    // Whoever takes the socket over learns of its end by other means.
    socket.on('error', () => {});
    const refusal = this.#judge(socket);
    if (refusal === undefined) {
      this.#context.admit(socket);
      return;
    }
    this.#context.refusals.tell(addressOfSocket(socket), refusal.sentence);
    this.#refuser.refuse(socket, refusal);
  }

  #judge(socket: TLSSocket): Refusal | undefined {
    const { files, policy } = this.#options;
    if (files.ca === undefined) return undefined;
    const certificate = socket.getPeerCertificate();
    if (certificate.raw === undefined) {
      return unauthenticated(
        'This control plane asks for a client certificate, and none was shown; give the client one from the CA that it trusts.',
      );
    }
    if (!socket.authorized) {
      const why = reasons[String(socket.authorizationError)] ?? `is not valid here (${socket.authorizationError})`;
      return unauthenticated(
        `The client certificate of ${holderOf(certificate)} ${why}; give the client a valid one, from the CA that this control plane trusts.`,
      );
    }
    const why = policy?.refuseConnection(identitiesOf(certificate));
    return why === undefined ? undefined : denied(why);
  }

  #tellOfHandshake(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // Whoever connects and hangs up wants to know whether somebody listens: a load balancer's or a kubelet's probe.
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return;
    const said = 'reason' in error ? String(error.reason) : error.message;
    const [, meaning = 'The TLS handshake failed'] = handshakes.find(([pattern]) => pattern.test(said)) ?? [];
    this.#context.refusals.tell(addressOfSocket(socket), `${meaning} (${said}).`);
  }
}

/** How long a handshake may take, in milliseconds; Node's own limit is two minutes. */
const HANDSHAKE_MS = 10_000;

/** Of the codes in https://nodejs.org/api/tls.html#x509-certificate-error-codes those that have a plainer name. */
const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet, as the clock here says',
  INVALID_PURPOSE: 'is not one for clients',
  SELF_SIGNED_CERT_IN_CHAIN: 'comes from another CA',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed',
  UNABLE_TO_GET_ISSUER_CERT: 'comes from another CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'comes from another CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'comes from another CA',
  CERT_SIGNATURE_FAILURE: 'comes from another CA',
};

/** What OpenSSL says of a handshake, and what it means here. */
const handshakes: readonly (readonly [RegExp, string])[] = [
  [/^(http request|wrong version number)$/, 'It does not speak TLS, as this port does'],
  [
    /alert (unknown ca|certificate unknown|bad certificate|certificate expired)$/,
    "It does not accept this control plane's certificate",
  ],
];

/**
 * Sessions are not resumed: a client that comes back shows its certificate again, and is judged by the CA, the time
 * and the rules of then. Discovery streams last so long that a shorter handshake would gain nothing. Nor are they
 * renegotiated: in TLS 1.2 a client could show another certificate in the middle, which Node does not verify.
 */
function contextOf({ certificate, key, ca }: Certificates) {
  return { cert: certificate, key, ca, secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION };
}
