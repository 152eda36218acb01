import type { Answers } from './answers.ts';
import type { Node, NodeMessage } from './node.ts';
import type { Standing } from './standing.ts';

/** What is known of the client of one stream, for people who ask. */
export interface StreamReport {
  /** Address and port that the client connected from: the same for all streams of one connection. */
  readonly peer: string;
  readonly node: Node;
  /** The node in the client's own words. */
  readonly nodeMessage: NodeMessage;
  /** Of each type that it asks for, as it is now. */
  types(): readonly TypeReport[];
}

export interface TypeReport {
  readonly typeUrl: string;
  /** Of all that the client wants, and of what is on its way out. */
  readonly standings: readonly Standing[];
  readonly answers: Answers;
}
