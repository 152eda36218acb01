import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** What a node does for a Service: each new connection goes to one of its endpoints, in turn; those there are stay. */
export class ServiceProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #targets: readonly Target[] = [];
  #next = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client) => {
      const target = this.#targets[this.#next++ % this.#targets.length];
      if (target === undefined) {
        client.resetAndDestroy();
        return;
      }
      const upstream = connect(target);
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
  }

  /** One on 127.0.0.1. */
  static async start(): Promise<ServiceProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ServiceProxy(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on new connections go to these. */
  direct(targets: readonly Target[]): void {
    this.#targets = targets;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
