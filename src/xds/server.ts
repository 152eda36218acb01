import { Server, ServerCredentials, type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ResourceStore } from '../resources/index.ts';
import { addressOfCall } from './address.ts';
import { type Call, Connection, type ConnectionContext } from './connection.ts';
import { addClientStatus, CLIENT_STATUS_SERVICE, type ReportsFor } from './csds/index.ts';
import type { ClientStatus, XdsEvent } from './events.ts';
import { messageTrailers } from './grpc-message.ts';
import { Guard, type GuardContext, Ledger } from './guard/index.ts';
import { addHealth } from './health.ts';
import { DEFAULT_LIMITS, type XdsLimits } from './limits.ts';
import { logEvents } from './log.ts';
import type { Node } from './node.ts';
import { Pace } from './pace.ts';
import type { DeltaRequest, SotwRequest } from './protocol.ts';
import { addReflection } from './reflection.ts';
import type { StreamReport } from './report.ts';
import { type Method, methods, serviceNames } from './service.ts';
import { SideServices } from './side-services.ts';
import { deltaSpeech, sotwSpeech } from './speech.ts';
import { claimable, judgeClaim, peerOf, RefusalLog, TlsListener, type TlsOptions } from './trust/index.ts';
import { isKnown } from './types.ts';

export interface XdsServerOptions {
  readonly store: ResourceStore;
  /** The groups of nodes that a client belongs to, the first before the others (see `ResourceStore`); none for most. */
  readonly groupsOf: (node: Node) => readonly string[];
  readonly log: Logger;
  readonly onEvent?: ((event: XdsEvent) => void) | undefined;
  readonly limits?: Partial<XdsLimits> | undefined;
  /** TLS, and who may connect; without it the port is open in plaintext to whoever reaches it. */
  readonly tls?: TlsOptions | undefined;
}

export interface XdsServer {
  /**
   * @returns the port that it listens on, which the system chose if 0 was asked for.
   * @throws a sentence naming the setting or the file, if the address cannot be had, or the certificates are not good.
   */
  listen(host: string, port: number): Promise<number>;
  /** Ends all streams, then the server. Always resolves, at the latest after `limits.closeMs`. */
  close(): Promise<void>;
  /** The connected clients that have said who they are. */
  status(): readonly ClientStatus[];
  /** The same by resource. What it costs is paid when the types of a client are asked for. */
  reports(): readonly StreamReport[];
}

/** Serves a store's resources to Envoys and other xDS clients, on one aggregated stream or on one a type. */
export function createXdsServer({ store, groupsOf, log, onEvent, tls, ...options }: XdsServerOptions): XdsServer {
  const limits: XdsLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const refusals = new RefusalLog(log);
  const guarded = {
    limits,
    peerOf: (call: ServerInterceptingCallInterface) => peerOf(tls, call),
    onOffence: (call: ServerInterceptingCallInterface, sentence: string) =>
      refusals.tell(addressOfCall(call), sentence),
  };
  const discovery: GuardContext = { ...guarded, ledger: new Ledger(limits), chargesRequests: false };
  const beside: GuardContext = { ...guarded, ledger: new Ledger({ ...limits, ...SIDE_CALLS }), chargesRequests: true };
  const server = new Server({
    interceptors: [
      ({ path, requestStream }, call) => new Guard(call, discoveryPaths.has(path) ? discovery : beside, requestStream),
    ],
    'grpc.max_receive_message_length': limits.requestBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': limits.streamsPerConnection,
    'grpc.max_connection_idle_ms': limits.idleConnectionMs,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  });
  const connections = new Set<Connection<SotwRequest> | Connection<DeltaRequest>>();
  const logEvent = logEvents(log);
  const strangeTypes = new Set<string>();
  let listener: TlsListener | undefined;
  const context: ConnectionContext = {
    store,
    groupsOf,
    log,
    onEvent: (event, address) => {
      logEvent(event, address);
      try {
        onEvent?.(event);
      } catch (error) {
        log.error({ err: error }, 'What was to be told of an event of the xDS server failed.');
      }
    },
    onType: (typeUrl) => {
      const served = typeUrl === '' || isKnown(typeUrl) || !isEmpty(store.view('').names(typeUrl));
      if (served || strangeTypes.has(typeUrl) || strangeTypes.size >= STRANGE_TYPES) return;
      strangeTypes.add(typeUrl);
      log.warn({ type: typeUrl }, `A client asks for ${typeUrl}, of which there are no resources here.`);
    },
    authorize: (call, node) => judgeClaim(tls, call, node, refusals),
    limits,
    pace: new Pace(),
    onOffence: (address, sentence) => refusals.tell(address, sentence),
  };
  let closing = false;

  const refuse = (call: Call, code: status, details: string) => {
    call.emit('error', { code, details, metadata: messageTrailers(details) });
  };
  const serve = ({ variant, typeUrl }: Method, call: Call) => {
    if (closing) return refuse(call, status.UNAVAILABLE, 'The control plane is stopping.');
    const forget = () => connections.delete(connection);
    const connection =
      variant === 'sotw'
        ? new Connection(call, { typeUrl, ...sotwSpeech }, context, forget)
        : new Connection(call, { typeUrl, ...deltaSpeech }, context, forget);
    connections.add(connection);
    if (store.synced) connection.start();
  };
  for (const method of methods) {
    const name = method.definition.path;
    server.addService({ [name]: method.definition }, { [name]: (call: Call) => serve(method, call) });
  }

  const sideServices = new SideServices(server);
  const reports = () => [...connections].flatMap((connection) => connection.report() ?? []);
  const reportsFor: ReportsFor = (call) => {
    const mayBe = claimable(tls, call);
    return reports().filter(({ node }) => mayBe(node));
  };
  addClientStatus(sideServices, reportsFor, log);
  addReflection(sideServices, [...serviceNames, CLIENT_STATUS_SERVICE]);
  const health = addHealth(sideServices, [...serviceNames, CLIENT_STATUS_SERVICE]);
  health.set(store.synced);

  const unsubscribe = store.subscribe((changes) => {
    health.set(true);
    for (const connection of [...connections]) {
      if (changes.sequence === 1) connection.start();
      else connection.worldChanged(changes);
    }
  });

  return {
    listen: async (host, port) => {
      const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      if (tls !== undefined) {
        const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
        listener = new TlsListener(tls, { log, refusals, admit: (socket) => injector.injectConnection(socket) });
      }
      try {
        return await (listener?.listen(host, port) ?? listenInPlaintext(server, address));
      } catch (error) {
        void listener?.close();
        throw new Error(listenFailure(address, error as Error));
      }
    },
    close: () =>
      new Promise((resolve) => {
        closing = true;
        unsubscribe();
        const noneConnected = listener?.close();
        // A graceful stop waits for streams, which by themselves last as long as the client lives.
        health.set(false);
        sideServices.end();
        for (const connection of [...connections]) connection.end('the control plane is stopping');
        const cut = setTimeout(() => {
          server.forceShutdown();
          listener?.destroy();
          // It never calls the graceful stop's callback, and a dead client's socket may outlast both.
          resolve();
        }, limits.closeMs);
        server.tryShutdown(async () => {
          await noneConnected;
          clearTimeout(cut);
          resolve();
        });
      }),
    status: () => [...connections].flatMap((connection) => connection.status() ?? []),
    reports,
  };
}

const discoveryPaths: ReadonlySet<string> = new Set(methods.map(({ definition }) => definition.path));

const MIB = 1024 * 1024;

/** What the services beside discovery may cost: they are there for people and probes. The answers of CSDS are large. */
const SIDE_CALLS = { streams: 1_000, peerStreams: 100, memoryBytes: 256 * MIB, peerMemoryBytes: 128 * MIB };

/** So many types without resources are logged, each once. */
const STRANGE_TYPES = 100;

function isEmpty(names: Iterable<string>): boolean {
  return names[Symbol.iterator]().next().done === true;
}

function listenInPlaintext(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}

function listenFailure(address: string, error: Error): string {
  const why = error.message.includes('EADDRINUSE') ? 'another program listens there' : error.message;
  return `${address} cannot be used (${why})`;
}
