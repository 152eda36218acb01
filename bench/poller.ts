import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * One keep-alive HTTP/1.1 connection, one request at a time. Written out by hand, without a client's objects and timers for
 * each request, to take as little as possible of the cores that it shares with what it measures.
 */
export class Poller {
  readonly #socket: Socket;
  #received = '';
  #waiting: PromiseWithResolvers<Answer> | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      this.#received += text;
      this.#take();
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The gateway closed the connection.')));
  }

  /** Connects to a port of the loopback address. */
  static async connect(port: number): Promise<Poller> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Poller(socket);
  }

  /** What the host answers to a request with this key. */
  ask(host: string, key: string): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#waiting = Promise.withResolvers();
    this.#socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nx-preview: ${key}\r\n\r\n`);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): void {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, end));
    if (length === null) {
      this.#fail(new Error(`There is no content-length in: ${this.#received}`));
      return;
    }
    const body = this.#received.slice(end + 4);
    if (body.length < Number(length[1])) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    this.#waiting?.resolve({ status, body });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
  }
}
