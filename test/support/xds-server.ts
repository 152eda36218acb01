import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { typeUrls } from '../../src/protos/index.ts';
import { type Resource, ResourceStore } from '../../src/resources/index.ts';
import { createXdsServer, type XdsEvent, type XdsServer, type XdsServerOptions } from '../../src/xds/index.ts';
import { makeResource } from './resources.ts';
import { XdsClient } from './xds-client.ts';

/** A cluster with its endpoints as follower, as a translator makes them. */
export function makeCluster(name: string, content: string): Resource {
  return makeResource(typeUrls.cluster, name, content, { follower: { typeUrl: typeUrls.loadAssignment, name } });
}

/** An xDS server on a port of its own, what it tells and logs, and a client for it. */
export class TestServer {
  readonly store = new ResourceStore();
  readonly events: XdsEvent[] = [];
  readonly logged: { level: number; msg: string }[] = [];
  readonly server: XdsServer;
  /** Told of each event at once. */
  onEvent: (event: XdsEvent) => void = () => {};
  readonly #waiting: (() => void)[] = [];
  readonly #onClose: (() => void)[] = [];
  #port = 0;

  /** The node's metadata `team` is its group. */
  constructor(options: Partial<XdsServerOptions> = {}) {
    this.server = createXdsServer({
      store: this.store,
      groupsOf: ({ metadata }) => (metadata.team === undefined ? [] : [String(metadata.team)]),
      log: pino({ level: 'debug' }, { write: (line: string) => void this.logged.push(JSON.parse(line)) }),
      onEvent: (event) => {
        this.events.push(event);
        this.onEvent(event);
        for (const look of this.#waiting.splice(0)) look();
      },
      ...options,
    });
  }

  /** @param port 0 for any. */
  static async start(options?: Partial<XdsServerOptions>, port = 0): Promise<TestServer> {
    const test = new TestServer(options);
    test.#port = await test.server.listen('127.0.0.1', port);
    return test;
  }

  get port(): number {
    return this.#port;
  }

  client(port: number = this.#port): XdsClient {
    const client = new XdsClient(port);
    this.#onClose.push(() => client.close());
    return client;
  }

  apply(...set: Resource[]): void {
    this.store.apply({ set, remove: [] });
  }

  /** The first event of a type that matches, however long it takes to come. */
  async event<Type extends XdsEvent['type']>(
    type: Type,
    matches: (event: XdsEvent & { type: Type }) => boolean = () => true,
  ): Promise<XdsEvent & { type: Type }> {
    for (;;) {
      const found = this.events.find((event): event is XdsEvent & { type: Type } => {
        return event.type === type && matches(event as XdsEvent & { type: Type });
      });
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** A network to the server that swallows everything from the moment that it is cut. */
  async network(): Promise<{ readonly port: number; cut(): void }> {
    const sockets: Socket[] = [];
    const proxy = createServer((near) => {
      const far = connect(this.#port, '127.0.0.1');
      sockets.push(near, far);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => {});
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    this.#onClose.push(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    return {
      port: (proxy.address() as AddressInfo).port,
      cut: () => {
        for (const socket of sockets) socket.unpipe().pause();
      },
    };
  }

  async close(): Promise<void> {
    for (const close of this.#onClose.splice(0)) close();
    await this.server.close();
  }
}
