import type { LoadReport } from './load/index.ts';

/** Something that may be the cause of a failure, at a moment in milliseconds since the epoch. */
export interface Happening {
  readonly at: number;
  readonly what: string;
}

/** How far around a failure is looked, in milliseconds. */
const AROUND = 300;

/** At most so many happenings are told before and after a failure. */
const MOST = 4;

/**
 * The failed requests of a load, each with Envoy's own line on it and with what happened shortly before and after.
 *
 * @param accessLog Envoy's lines, by what the requests' header `x-load-request` said.
 */
export function tellFailures(
  { kinds }: LoadReport,
  happenings: readonly Happening[],
  accessLog: ReadonlyMap<string, string> = new Map(),
): readonly string[] {
  return kinds.flatMap(({ name, protocol, method, failures }) =>
    failures.flatMap(({ request, sentAt, sentence }) => [
      `${new Date(sentAt).toISOString()} ${name} (${protocol} ${method}) ${request} ${sentence}`,
      ...(accessLog.has(request) ? [`  Envoy: ${accessLog.get(request)}`] : []),
      ...nearest(happenings, sentAt).map(
        ({ at, what }) => `  ${at < sentAt ? '-' : '+'}${Math.abs(at - sentAt)} ms ${what}`,
      ),
    ]),
  );
}

function nearest(happenings: readonly Happening[], moment: number): readonly Happening[] {
  const near = happenings.filter(({ at }) => Math.abs(at - moment) <= AROUND).sort((a, b) => a.at - b.at);
  const [before, after] = [near.filter(({ at }) => at < moment), near.filter(({ at }) => at >= moment)];
  return [...before.slice(-MOST), ...after.slice(0, MOST)];
}

/** Lines that begin with their time in UTC, as Envoy's do. */
export function happeningsIn(log: readonly string[]): readonly Happening[] {
  return log.flatMap((line) => {
    const [, time, what] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+)Z? (.*)$/.exec(line) ?? [];
    return time === undefined ? [] : [{ at: Date.parse(`${time}Z`), what: what! }];
  });
}
