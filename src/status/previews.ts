import type { LabelledPreview } from '../catalog/catalog.ts';
import { describe } from '../catalog/model.ts';
import { compareText } from '../intercepts/precedence.ts';
import type { Receipt } from '../receipts/index.ts';
import { type ProblemStatus, problemsByObject, type State } from './state.ts';

/** How a preview stands. */
export type PreviewState =
  /** All connected gateways have it, and it has endpoints. */
  | 'live'
  /** Some connected gateways have not acknowledged it yet. */
  | 'arriving'
  /** No gateway is connected. */
  | 'unserved'
  /** The gateways have it, and it has no endpoint that is ready. */
  | 'unready'
  /** Its time is over. */
  | 'expired'
  /** It is not in force, for the reasons among its problems. */
  | 'refused';

export interface PreviewStatus {
  /** `Service shop/api-pr-1`. */
  readonly object: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `file:line`, where the object came from a file. */
  readonly place?: string | undefined;
  /** As it is labelled, even if that is no key. */
  readonly key?: string | undefined;
  /** `namespace/name`; if its label is no such name, the label. */
  readonly baseline?: string | undefined;
  /** Whether requests are chosen by a rule of its own, besides or instead of the key. */
  readonly hasRule: boolean;
  readonly state: PreviewState;
  /** How many addresses requests may be sent to now. */
  readonly endpoints: number;
  /** Gateways that have acknowledged it as it is now, and those that are to. */
  readonly gateways: { readonly current: number; readonly total: number; readonly behind: readonly string[] };
  /** When what it is now was seen here, as of RFC 3339. */
  readonly changedAt?: string | undefined;
  /** How long it took from then until all gateways had it, in milliseconds. */
  readonly tookMs?: number | undefined;
  readonly createdAt?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly problems: readonly ProblemStatus[];
}

/** So many of the gateways that are behind are named. */
const NAMED = 20;

/** All objects that are labelled as previews, in the order of their names. */
export function previewStatuses({ catalog, receipts, problems }: State): readonly PreviewStatus[] {
  const wrong = problemsByObject(problems());
  return catalog
    .labelledPreviews()
    .map((object) => {
      const { preview } = object;
      const receipt = preview && receipts.of(preview.baseline, preview.id);
      return statusOf(object, receipt, wrong.get(describe(object)) ?? []);
    })
    .sort(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name) || compareText(a.kind, b.kind),
    );
}

/** How each of them stands, in no particular order. */
export function previewStates({ catalog, receipts, problems }: State): readonly PreviewState[] {
  const wrong = problemsByObject(problems());
  return catalog.labelledPreviews().map((object) => {
    const { preview } = object;
    const receipt = preview && receipts.of(preview.baseline, preview.id);
    return stateOf(receipt, wrong.get(describe(object)) ?? []);
  });
}

function statusOf(
  object: LabelledPreview,
  receipt: Receipt | undefined,
  problems: readonly ProblemStatus[],
): PreviewStatus {
  const { kind, namespace, name, place, written, preview, createdAt, expiresAt } = object;
  const { current = [], behind = [], endpoints = 0 } = receipt ?? {};
  return {
    object: describe(object),
    ...{ kind, namespace, name, place },
    key: written.key,
    baseline: preview?.baseline ?? written.intercepts,
    hasRule: preview?.match !== undefined,
    state: stateOf(receipt, problems),
    endpoints,
    gateways: {
      current: current.length,
      total: current.length + behind.length,
      behind: behind.slice(0, NAMED).map(({ node }) => node),
    },
    changedAt: time(receipt?.changedAt),
    tookMs: receipt?.tookMs,
    createdAt: time(createdAt),
    expiresAt: time(expiresAt),
    problems,
  };
}

function stateOf(receipt: Receipt | undefined, problems: readonly ProblemStatus[]): PreviewState {
  if (receipt === undefined) return problems.some(({ code }) => code === 'expired') ? 'expired' : 'refused';
  if (receipt.behind.length > 0) return 'arriving';
  if (receipt.current.length === 0) return 'unserved';
  return receipt.endpoints === 0 ? 'unready' : 'live';
}

/** As of RFC 3339. */
export function time(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}
