import { isDeepStrictEqual } from 'node:util';
import type { ResourcesByName } from './config-dump.ts';
import type { TestEnvoy } from './envoy.ts';
import type { Happening } from './failure-story.ts';
import { type Load, type LoadOptions, startLoad } from './load/index.ts';
import type { LogLine, ShuntProcess } from './shunt.ts';

/** The types that every Envoy asks for, by the last part of their names. */
const TYPES = ['Cluster', 'ClusterLoadAssignment', 'Listener', 'RouteConfiguration'] as const;

/** One run of `shunt serve --log-level debug`, from its start to its sudden end, as its log tells of it. */
export class Life {
  readonly #shunt: ShuntProcess;

  constructor(shunt: ShuntProcess) {
    this.#shunt = shunt;
  }

  /** Waits until a node is back and stands to each type as it should, as far as this run knew at that moment. */
  async served(node: string): Promise<void> {
    await this.#shunt.log.first((line) => line.node === node && line.msg.endsWith(' connected'));
    for (const type of TYPES) await this.#shunt.log.first((line) => isAnswer(line, node) && typeOf(line) === type);
  }

  /** Milliseconds from being ready to a node's being connected; 0 if it was quicker than that. */
  returnedAfter(node: string): number {
    const [ready, connected] = [
      this.#shunt.log.all.find(({ msg }) => msg === 'ready')!,
      this.#shunt.log.all.find((line) => line.node === node && line.msg.endsWith(' connected'))!,
    ];
    return Math.max(0, Date.parse(String(connected.time)) - Date.parse(String(ready.time)));
  }

  /** All that was sent to a node, set or removed, by type and name; sorted, none twice. */
  sentTo(node: string): readonly string[] {
    const sent = this.#shunt.log.all.filter((line) => line.node === node && line.msg.endsWith(' pushed'));
    return [
      ...new Set(sent.flatMap((line) => (line.names as string[]).map((name) => `${typeOf(line)} ${name}`))),
    ].sort();
  }

  /** All that it has logged. */
  happenings(): readonly Happening[] {
    return this.#shunt.log.all.map(({ time, msg, names = '' }) => ({
      at: Date.parse(String(time)),
      what: `shunt: ${msg} ${names}`,
    }));
  }

  /** Ends it as a crash or a lost machine does. */
  async kill(): Promise<void> {
    this.#shunt.child.kill('SIGKILL');
    await this.#shunt.stop();
  }
}

function isAnswer(line: LogLine, node: string): boolean {
  return line.node === node && line.msg.endsWith(' acknowledged');
}

function typeOf({ type }: LogLine): string {
  return String(type).split('.').at(-1)!;
}

/** What differs between these resources and those, and the endpoints of clusters that do. */
export function differences(before: ResourcesByName, after: ResourcesByName): readonly string[] {
  const titles = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differing = titles.filter((title) => !isDeepStrictEqual(before[title], after[title]));
  const followers = differing.map((title) => title.replace(/^Cluster /, 'ClusterLoadAssignment '));
  return [...new Set([...differing, ...followers])].sort();
}

/**
 * Without assignments that do not exist any more: Envoy gives up what it asked for with the cluster, maybe before it is
 * told, and in state of the world there are no words for it.
 */
export function withoutGone(titles: readonly string[], after: ResourcesByName): readonly string[] {
  return titles.filter((title) => !title.startsWith('ClusterLoadAssignment ') || title in after);
}

/** The types of resources that are named by type and name. */
export function typesOf(titles: readonly string[]): string[] {
  return [...new Set(titles.map((title) => title.split(' ')[0]!))];
}

/** Bytes that an Envoy was sent by control planes. */
export async function bytesReceived(envoy: TestEnvoy): Promise<number> {
  const stats = await envoy.stats('^cluster\\.shunt-xds\\.upstream_cx_rx_bytes_total$');
  return stats['cluster.shunt-xds.upstream_cx_rx_bytes_total'] ?? 0;
}

/** How many times an Envoy has taken resources of each type from control planes. */
export async function updatesTaken(envoy: TestEnvoy): Promise<Record<string, number>> {
  return envoy.stats('(cds|lds|rds\\.gateway|cluster\\..+)\\.update_success$');
}

/**
 * Starts loads on a port that several Envoys listen at, until each of them gets requests of both HTTP versions: the
 * kernel spreads connections by their ports, as chance has it.
 *
 * @param perSecond of all loads together.
 */
export async function startSharedLoads(
  options: LoadOptions & { readonly perSecond: number },
  envoys: readonly TestEnvoy[],
): Promise<readonly Load[]> {
  for (let tries = 0; tries < 30; tries++) {
    const half = { ...options, perSecond: options.perSecond / 2 };
    const before = await Promise.all(envoys.map(requestsOf));
    const loads = [await startLoad(half), await startLoad(half)];
    for (const load of loads) await load.settle(100);
    const after = await Promise.all(envoys.map(requestsOf));
    const shares = after.flatMap((counts, envoy) => counts.map((count, version) => count - before[envoy]![version]!));
    if (shares.every((share) => share >= FAIR_SHARE)) return loads;
    for (const load of loads) await load.stop();
  }
  throw new Error('After 30 tries one of the Envoys still had no share of the load.');
}

/** Of a load's first 200 requests, how many must be an Envoy's, in each HTTP version. */
const FAIR_SHARE = 10;

/** How many requests came to an Envoy over HTTP/1.1 and over HTTP/2. */
export async function requestsOf(envoy: TestEnvoy): Promise<readonly [number, number]> {
  const stats = await envoy.stats('^http\\.gateway\\.downstream_rq_http[12]_total$');
  return [stats['http.gateway.downstream_rq_http1_total'] ?? 0, stats['http.gateway.downstream_rq_http2_total'] ?? 0];
}
