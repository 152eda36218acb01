import type { Baseline, Endpoint, HttpPort, HttpProtocol, Match, Preview } from '../catalog/model.ts';

/** The rule "requests for this baseline that match go to that preview". */
export interface Intercept {
  readonly preview: Preview;
  /**
   * What names the preview's endpoints among those of the baseline: its key, and a name for its rule, which is no key
   * so that the rule's route stays as it is when the key changes.
   */
  readonly subsets: readonly string[];
  readonly rule?: Rule | undefined;
}

/** Requests that match go to the subset. */
export interface Rule {
  readonly subset: string;
  readonly match: Match;
}

/** Everything that decides which endpoints of a baseline a request may reach. */
export interface BaselineIntercepts {
  readonly baseline: Baseline;
  /** In order of precedence. No two have the same key or the same match. */
  readonly intercepts: readonly Intercept[];
  /** The first that a request matches is taken. */
  readonly rules: readonly Rule[];
  /** What each of the baseline's ports is made of. */
  readonly ports: readonly PortEndpoints[];
}

export interface PortEndpoints {
  readonly port: HttpPort;
  readonly entries: readonly EndpointEntry[];
  /** The subsets whose requests never reach the baseline, whatever becomes of their endpoints. */
  readonly denied: ReadonlySet<string>;
  /** The previews of the port that have no usable endpoint. */
  readonly unready: readonly UnreadyPreview[];
  /** The previews that get copies of the port's requests, in order of precedence. */
  readonly mirrors: readonly PortMirror[];
  /** The previews of the port that speak another protocol, with usable endpoints. */
  readonly bridges: readonly Bridge[];
}

/** A preview that gets copies of requests. */
export interface PortMirror {
  readonly preview: Preview;
  /** Its own key and those that it inherits; empty if it has none. */
  readonly keys: readonly string[];
  readonly protocol: HttpProtocol;
  /** Usable ones, none of which is the baseline's too. */
  readonly endpoints: readonly Endpoint[];
}

/** A preview whose endpoints cannot stand beside its baseline's, as they speak another protocol. */
export interface Bridge {
  readonly preview: Preview;
  readonly subsets: readonly string[];
  readonly protocol: HttpProtocol;
  /** Usable ones only. */
  readonly endpoints: readonly Endpoint[];
}

/** A preview without usable endpoints, whose requests something else has to answer. */
export interface UnreadyPreview {
  readonly preview: Preview;
  readonly subsets: readonly string[];
}

/** What people call a preview: by its key or, where it has none, by its Service's name. */
export function titleOf({ key, name }: Preview): string {
  return key ?? name;
}

/** One address, which stands once in its cluster whoever names it. */
export interface EndpointEntry {
  readonly address: string;
  readonly port: number;
  /** Whether requests without a key may reach it. */
  readonly baseline: boolean;
  /** The subsets of the previews that it is an endpoint of, and the keys that they inherit, sorted. */
  readonly subsets: readonly string[];
  /** What people call those previews: by their keys or, where they have none, by their Services' names. Sorted. */
  readonly titles: readonly string[];
}

/** The subset that a rule leads to. The label `shunt.dev/key` never has this value, since no key contains `--`. */
export function ruleSubset(preview: string): string {
  return `rule--${preview.replace('/', '--')}`;
}
