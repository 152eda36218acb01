import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { END_OF_HEAD } from './http.ts';

/** A request without a body. */
export interface Question {
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Enough to keep one thread of Envoy busy, and few enough for its connections to be warm in every run. */
const CONNECTIONS = 16;

/** Kept connections to one port, on which one request at a time is asked: the next when the last is answered. */
export class Load {
  readonly #lines: readonly Line[];

  private constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  /** @throws if nobody listens there. */
  static async open(port: number): Promise<Load> {
    return new Load(await Promise.all(Array.from({ length: CONNECTIONS }, () => Line.open(port))));
  }

  /**
   * Asks the same on all connections for a while.
   *
   * @param expected the body of the right answer.
   * @returns how many were answered.
   * @throws at any other answer, quoting it.
   */
  async ask(question: Question, expected: string, milliseconds: number): Promise<number> {
    const bytes = encode(question);
    const until = performance.now() + milliseconds;
    const counts = await Promise.all(this.#lines.map((line) => line.askUntil(bytes, expected, until)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    for (const line of this.#lines) line.close();
  }
}

/** @returns the answer's body, or the status line of an answer that is none of the right kind. */
export async function askOnce(port: number, question: Question): Promise<string> {
  const line = await Line.open(port);
  try {
    return await line.ask(encode(question));
  } finally {
    line.close();
  }
}

function encode({ path, host, headers }: Question): Buffer {
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
}

/** One connection. */
class Line {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #answered: (body: string) => void = () => {};
  #failed: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('Envoy closed a connection.')));
  }

  static async open(port: number): Promise<Line> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new Line(socket);
  }

  ask(bytes: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(bytes);
    });
  }

  async askUntil(bytes: Buffer, expected: string, until: number): Promise<number> {
    let count = 0;
    while (performance.now() < until) {
      const body = await this.ask(bytes);
      if (body !== expected) throw new Error(`"${expected}" was to answer, and the answer was: ${body}`);
      count++;
    }
    return count;
  }

  close(): void {
    this.#failed = () => {};
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(END_OF_HEAD);
    if (end === -1) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? '0');
    const bodyEnd = end + END_OF_HEAD.length + length;
    if (this.#received.length < bodyEnd) return;
    const body = this.#received.toString('latin1', bodyEnd - length, bodyEnd);
    this.#received = this.#received.subarray(bodyEnd);
    this.#answered(head.startsWith('HTTP/1.1 200') ? body : `${head.slice(0, head.indexOf('\r\n'))}: ${body}`);
  }
}
