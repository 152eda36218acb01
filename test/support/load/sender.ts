import type { EchoAnswer } from '../echo-message.ts';
import type { OutgoingRequest } from './kind.ts';
import type { Outcome } from './outcome.ts';

/** A client of a gateway. */
export interface Sender {
  /** Settles within the sender's time limit, and never rejects. */
  send(request: OutgoingRequest): Promise<Outcome>;
  close(): void;
}

/** What an echo upstream has answered; `undefined` if the text is not its. */
export function readEcho(text: string): EchoAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null && 'title' in answer ? (answer as EchoAnswer) : undefined;
  } catch {
    return undefined;
  }
}
