import { compareText } from '../intercepts/precedence.ts';
import type { StreamReport } from '../xds/index.ts';
import { time } from './previews.ts';

/** Where it is told what one node has been given: `?node=ID`. */
export const CONFIG_DUMP_PATH = '/api/v1/config-dump';

/** How a client stands to one resource that it wants. */
export interface NodeResource {
  readonly typeUrl: string;
  readonly name: string;
  /** Of the content that it is to have; absent if there is no such resource. */
  readonly version?: string | undefined;
  /**
   * How far that has come: `accepted`, `refused`, `sent` and not answered, `waiting` for its turn, or `untold`, for which the
   * protocol has no words.
   */
  readonly progress: string;
  /** Of the content that it has accepted last. */
  readonly acceptedVersion?: string | undefined;
  /** As of RFC 3339. */
  readonly acceptedAt?: string | undefined;
  /** Why it refuses what it was sent last. */
  readonly refusal?: string | undefined;
}

/** Answers with all that the node's streams want, by type and name; 404 if no such node is connected. */
export function answerConfigDump(reports: readonly StreamReport[], query: URLSearchParams) {
  const node = query.get('node');
  if (node === null) return { status: 400, body: { error: 'the parameter node is missing; write ?node=ID.' } };
  const own = reports.filter((report) => report.node.id === node);
  if (own.length === 0) {
    return { status: 404, body: { error: `no Envoy with the node id ${JSON.stringify(node)} is connected.` } };
  }
  const resources = own
    .flatMap((report) => report.types())
    .flatMap(({ typeUrl, standings, answers }) =>
      standings.map(({ name, latest, accepted, progress }): NodeResource => {
        const acceptedAt = accepted && answers.acceptedAt(name);
        return {
          ...{ typeUrl, name, version: latest?.version, progress },
          acceptedVersion: accepted?.version,
          acceptedAt: time(acceptedAt),
          refusal: answers.refused(name)?.error.message,
        };
      }),
    )
    .sort((a, b) => compareText(a.typeUrl, b.typeUrl) || compareText(a.name, b.name));
  return { status: 200, body: { node, resources } };
}
