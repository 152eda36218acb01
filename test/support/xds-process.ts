import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { XdsLimits } from '../../src/xds/index.ts';
import type { Question } from './xds-child.ts';

/** An xDS server in a process of its own, so that its memory is not that of the clients that a test plays. */
export class XdsProcess {
  readonly #process: ChildProcess;
  #last: Promise<unknown> = Promise.resolve();
  readonly port: number;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(limits: Partial<XdsLimits>): Promise<XdsProcess> {
    const program = fileURLToPath(new URL('xds-child.ts', import.meta.url));
    const child = fork(program, [JSON.stringify(limits)], { execArgv: ['--expose-gc'] });
    const [port] = await once(child, 'message');
    return new XdsProcess(child, port);
  }

  /** Bytes that it uses once all garbage is collected. */
  memory(): Promise<number> {
    return this.#ask({ ask: 'memory' });
  }

  /** What it has logged since it was asked last. */
  log(): Promise<string[]> {
    return this.#ask({ ask: 'log' });
  }

  /** Gives its cluster `a` this content. */
  apply(content: string): Promise<number> {
    return this.#ask({ ask: 'apply', content });
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }

  /** One question after the other: answers do not say what they answer. */
  #ask<Answer>(question: Question): Promise<Answer> {
    const answer = this.#last.then(async () => {
      const answered = once(this.#process, 'message');
      this.#process.send(question);
      return (await answered)[0] as Answer;
    });
    this.#last = answer;
    return answer;
  }
}
