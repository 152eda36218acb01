import type { Resource } from '../resources/index.ts';

/** How a client stands to one resource that it wants. */
export interface Standing {
  readonly name: string;
  /** What it is to have; undefined if there is no such resource. */
  readonly latest: Resource | undefined;
  /** What it has accepted last, or came with. */
  readonly accepted:
    | {
        readonly version: string;
        /** Undefined if the client came with a version that is none of today's. */
        readonly resource: Resource | undefined;
      }
    | undefined;
  readonly progress: Progress;
}

/**
 * How far the latest state has come on its way to the client, be it a resource or its absence: `untold` is what this
 * variant of the protocol has no words for, so that it is never sent.
 */
export type Progress = 'accepted' | 'refused' | 'sent' | 'waiting' | 'untold';
