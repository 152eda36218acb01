import type { ServiceId } from '../catalog/model.ts';

/** Where a request goes, and why. Plain JSON. */
export interface Explanation {
  /** As the gateway sees it. */
  readonly request: { readonly method: string; readonly host: string; readonly path: string };
  readonly gateway: {
    /** Where it listens. */
    readonly listeners: readonly string[];
    /** Where its callers stand, if it says so. */
    readonly namespace?: string | undefined;
  };
  readonly outcome: Outcome;
  /** In the order in which a gateway decides. */
  readonly steps: readonly Step[];
}

export type Outcome = Served | Unserved | Answered;

export interface Served {
  readonly kind: 'preview' | 'baseline';
  readonly baseline: ServiceId;
  /** Of the baseline. */
  readonly port: number;
  /** As messages name it: `Service shop/api-pr-123`, `Deployment shop/api-pr-123`. Absent where the baseline serves. */
  readonly preview?: string | undefined;
  /** What leads to the preview. Absent where the baseline serves. */
  readonly by?: Cause | undefined;
  /** What `x-shunt-served-by` may say in the response. */
  readonly servedBy: readonly string[];
  /** The addresses among which one is chosen. */
  readonly endpoints: readonly string[];
  /** Absent where no copy is made. */
  readonly copies?: readonly Copied[] | undefined;
}

/** A preview that a copy of the request goes to. */
export interface Copied {
  readonly preview: ServiceId;
  /** Of such requests. */
  readonly percentage: number;
}

export interface Unserved {
  readonly kind: 'nothing';
  /** What the gateway answers by itself. */
  readonly status: number;
  /** The baseline that the request is for. */
  readonly baseline?: ServiceId | undefined;
  /** The preview that is not ready and lets nobody answer in its place. */
  readonly preview?: string | undefined;
}

/** The gateway answers by itself, as it is meant to. */
export interface Answered {
  readonly kind: 'gateway';
}

export type Cause = ByKey | ByRule;

export interface ByKey {
  readonly kind: 'key';
  readonly key: string;
  readonly carrier: CarrierKind;
  /** The key of the preview, where that is an ancestor of the request's. */
  readonly inheritedFrom?: string | undefined;
}

export interface ByRule {
  readonly kind: 'rule';
  readonly match: string;
}

export type CarrierKind = 'header' | 'host' | 'query' | 'cookie' | 'baggage' | 'tracestate';

/** One thing that was looked at. */
export interface Step {
  readonly about: 'trust' | 'host' | 'path' | 'rule' | 'carrier' | 'key' | 'endpoints' | 'mirror';
  /** `yes`: it decided; `no`: it did not; `note`: what else is worth knowing. */
  readonly result: 'yes' | 'no' | 'note';
  /** Whose rule it is about. */
  readonly preview?: string | undefined;
  /** Of a rule in force: whether the request matches it, be it the first or not. */
  readonly holds?: boolean | undefined;
  /** A sentence. */
  readonly text: string;
}
