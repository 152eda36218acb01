import type { Problem } from '../problems.ts';
import type { PreviewState, PreviewStatus } from '../status/index.ts';

/** What one replica says of the gateways that are connected to it. */
export interface Report {
  /** How many there are. */
  readonly gateways: number;
  /** Of previews that changed a short while ago, or that not all of them have: by `kind namespace/name`. */
  readonly previews: Readonly<Record<string, Reported>>;
  /** What they refuse, which nobody else knows. */
  readonly refusals: readonly Problem[];
}

/** Which preview is meant, how many gateways have it, and after how many milliseconds all had, if that is known. */
type Reported = readonly [form: string, current: number, tookMs?: number];

/** Longer than it takes a replica to see a change, and to write its report. */
const RECENT_MS = 60_000;
/** Reports share a ConfigMap with all else. */
const MOST_REPORTED = 500;
const MOST_REFUSALS = 20;

/**
 * @param problems of which those are taken that gateways have.
 * @param now milliseconds since the epoch.
 */
export function reportOf(
  previews: readonly PreviewStatus[],
  problems: readonly Problem[],
  gateways: number,
  now: number,
): Report {
  const told = previews
    .filter((status) => isInForce(status) && (isRecent(status, now) || status.gateways.behind.length > 0))
    .sort((a, b) => changedAt(b) - changedAt(a))
    .slice(0, MOST_REPORTED);
  const refusals = problems.filter(({ code }) => code === 'gateway-refuses').slice(0, MOST_REFUSALS);
  return { gateways, previews: Object.fromEntries(told.map((status) => [status.object, reported(status)])), refusals };
}

function reported(status: PreviewStatus): Reported {
  const { gateways, tookMs } = status;
  return tookMs === undefined ? [form(status), gateways.current] : [form(status), gateways.current, Math.round(tookMs)];
}

/**
 * How a preview stands with the gateways of all replicas. A replica that says nothing of a preview has it everywhere, if the
 * preview has been as it is for long enough.
 *
 * @param since when this replica began to see changes: what it found then had been there before. Milliseconds since the epoch.
 * @param now milliseconds since the epoch.
 */
export function withReports(
  status: PreviewStatus,
  reports: readonly Report[],
  since: number,
  now: number,
): PreviewStatus {
  if (!isInForce(status) || reports.length === 0) return status;
  let { current, total } = status.gateways;
  let { tookMs } = status;
  const isNew = changedAt(status) > since && isRecent(status, now);
  for (const { gateways, previews } of reports) {
    const told = previews[status.object];
    const isMeant = told?.[0] === form(status);
    total += gateways;
    current += told === undefined ? (isNew ? 0 : gateways) : isMeant ? told[1] : 0;
    if (isMeant && told[2] !== undefined) tookMs = Math.max(tookMs ?? 0, told[2]);
  }
  const state = stateOf(current, total, status.endpoints);
  return { ...status, state, tookMs, gateways: { ...status.gateways, current, total } };
}

function stateOf(current: number, total: number, endpoints: number): PreviewState {
  if (total === 0) return 'unserved';
  if (current < total) return 'arriving';
  return endpoints === 0 ? 'unready' : 'live';
}

/** The same on each replica, and different when the preview is another. */
function form({ key, baseline, hasRule, endpoints }: PreviewStatus): string {
  return `${key ?? ''} ${baseline} ${hasRule ? 'rule ' : ''}${endpoints}`;
}

function isInForce({ state }: PreviewStatus): boolean {
  return state !== 'expired' && state !== 'refused';
}

function isRecent(status: PreviewStatus, now: number): boolean {
  return now - changedAt(status) < RECENT_MS;
}

function changedAt({ changedAt }: PreviewStatus): number {
  return changedAt === undefined ? 0 : Date.parse(changedAt);
}
