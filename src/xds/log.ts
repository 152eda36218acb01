import type { Logger } from 'pino';
import type { XdsEvent } from './events.ts';
import { LogQuota, type LogQuotaOptions } from './log-quota.ts';
import type { NamedVersion } from './protocol.ts';

/** How many names one log line holds. */
const LISTED = 20;

/** A hundred Envoys behind an address may all reconnect, and be heard. */
export const COMINGS_AND_GOINGS: LogQuotaOptions = {
  periodMs: 60_000,
  lines: 300,
  announcement: (client) =>
    `Clients at ${client} come, go or refuse so often that no more is logged of it for up to a minute; at the level debug, all is.`,
};

/**
 * Writes events to the log: refusals as warnings, comings and goings as information, the rest for debugging; and all for
 * debugging that is too much of one address.
 */
export function logEvents(log: Logger): (event: XdsEvent, address: string | undefined) => void {
  const quota = new LogQuota(log, COMINGS_AND_GOINGS);
  return (event, address) => {
    const { node, stream } = event;
    switch (event.type) {
      case 'connected':
        log[quota.take(address) ? 'info' : 'debug'](
          { node, stream, variant: event.variant, groups: event.groups },
          `${client(node)} connected`,
        );
        return;
      case 'disconnected':
        log[quota.take(address) ? 'info' : 'debug']({ node, stream }, `${client(node)} disconnected: ${event.reason}`);
        return;
      case 'pushed':
      case 'acknowledged':
        // Most often nobody listens, and there are many names.
        if (!log.isLevelEnabled('debug')) return;
        log.debug(
          { node, stream, nonce: event.nonce, type: event.typeUrl, names: listed(event.changes) },
          `${client(node)}: ${what(event)} ${event.type}`,
        );
        return;
      case 'refused':
        log[quota.take(address) ? 'warn' : 'debug'](
          {
            node,
            stream,
            nonce: event.nonce,
            type: event.typeUrl,
            names: listed(event.changes),
            code: event.error.code,
          },
          `${client(node)} refused ${what(event)}${event.again ? ', to be sent again in parts' : ''}: ${event.error.message}`,
        );
        return;
      default:
        event satisfies never;
    }
  };
}

function client(node: string): string {
  return `Node ${JSON.stringify(node)}`;
}

/** `Cluster shop/api:80`, or `12 of Cluster`. */
function what({ typeUrl, changes }: { readonly typeUrl: string; readonly changes: readonly NamedVersion[] }): string {
  const kind = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
  return changes.length === 1 ? `${kind} ${changes[0]!.name}` : `${changes.length} of ${kind}`;
}

function listed(changes: readonly NamedVersion[]): readonly string[] {
  return changes.slice(0, LISTED).map(({ name }) => name);
}
