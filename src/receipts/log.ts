import type { Logger } from '../log.ts';
import type { XdsEvent } from '../xds/index.ts';

/** How many Envoys and resources one line names. */
const LISTED = 20;

interface Round {
  readonly startedAt: number;
  /** The first of them, as many as a line names. */
  readonly resources: Set<string>;
  readonly envoys: Set<string>;
  readonly refusedBy: Set<string>;
  /** Responses that are not answered yet. */
  readonly open: Set<string>;
}

/**
 * Follows the events of the xDS server and logs, for each change, which Envoys have taken which resources and how long
 * that took from the first of them sent. `sequence` is the number under which the change itself was logged.
 */
export function receiptLog(log: Pick<Logger, 'info'>): (event: XdsEvent) => void {
  const rounds = new Map<number, Round>();
  const roundOf = new Map<string, number>();

  const pushed = (event: XdsEvent & { type: 'pushed' }) => {
    const round = rounds.get(event.sequence) ?? newRound(event.at);
    rounds.set(event.sequence, round);
    round.open.add(responseKey(event));
    round.envoys.add(event.node);
    // A fleet that starts is sent everything, thousands of times.
    for (const { name } of event.changes) {
      if (round.resources.size >= LISTED) break;
      round.resources.add(`${shortType(event.typeUrl)} ${name}`);
    }
    roundOf.set(responseKey(event), event.sequence);
  };

  const closed = (key: string, at: number, refusedBy?: string) => {
    const sequence = roundOf.get(key);
    if (sequence === undefined) return;
    roundOf.delete(key);
    const round = rounds.get(sequence)!;
    round.open.delete(key);
    if (refusedBy !== undefined) round.refusedBy.add(refusedBy);
    if (round.open.size > 0) return;
    rounds.delete(sequence);
    const taken = [...round.envoys].filter((node) => !round.refusedBy.has(node));
    const milliseconds = Math.round((at - round.startedAt) * 10) / 10;
    log.info(
      {
        sequence,
        resources: [...round.resources],
        envoys: taken.slice(0, LISTED),
        refusedBy: [...round.refusedBy].slice(0, LISTED),
        milliseconds,
      },
      `${taken.length} of ${round.envoys.size} Envoys took change ${sequence} in ${milliseconds} ms`,
    );
  };

  return (event) => {
    switch (event.type) {
      case 'pushed':
        pushed(event);
        break;
      case 'acknowledged':
        closed(responseKey(event), event.at);
        break;
      case 'refused':
        closed(responseKey(event), event.at, event.node);
        break;
      case 'disconnected':
        for (const key of [...roundOf.keys()]) {
          if (key.startsWith(`${event.stream} `)) closed(key, event.at, event.node);
        }
        break;
      case 'connected':
        break;
      default:
        event satisfies never;
    }
  };
}

function newRound(startedAt: number): Round {
  return { startedAt, resources: new Set(), envoys: new Set(), refusedBy: new Set(), open: new Set() };
}

/** Nonces are unique on a stream. */
function responseKey({ stream, typeUrl, nonce }: { stream: string; typeUrl: string; nonce: string }): string {
  return `${stream} ${typeUrl} ${nonce}`;
}

function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
