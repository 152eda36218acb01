import type { Baseline, HeaderMatch, HttpPort, Preview, ServiceId } from '../catalog/model.ts';

/** The rule "requests for this baseline that match go to that preview". */
export interface Intercept {
  readonly preview: Preview;
  /**
   * Names the preview's endpoints among those of the baseline: the preview's key or, where it has a rule only, a name
   * that is no key.
   */
  readonly key: string;
  readonly match?: HeaderMatch | undefined;
}

/** Everything that decides which endpoints of a baseline a request may reach. */
export interface BaselineIntercepts {
  readonly baseline: Baseline;
  /** In order of precedence. No two have the same key or the same match. */
  readonly intercepts: readonly Intercept[];
  /** What each of the baseline's ports is made of. */
  readonly ports: readonly PortEndpoints[];
}

export interface PortEndpoints {
  readonly port: HttpPort;
  readonly entries: readonly EndpointEntry[];
}

/** One address, which stands once in its cluster whoever names it. */
export interface EndpointEntry {
  readonly address: string;
  readonly port: number;
  /** Whether requests without a key may reach it. */
  readonly baseline: boolean;
  /** Names of the subsets of the previews that it is an endpoint of, sorted. */
  readonly keys: readonly string[];
  /** What people call those previews: by their keys or, where they have none, by their Services' names. Sorted. */
  readonly titles: readonly string[];
}

/** The name of endpoints that only a rule leads to. No key contains `--`. */
export function ruleName(preview: ServiceId): string {
  return `rule--${preview.replace('/', '--')}`;
}
