import type { Endpoint, Preview } from '../catalog/model.ts';
import type { EndpointEntry } from './intercept.ts';
import { titleOf } from './intercept.ts';
import { compareText } from './precedence.ts';

export interface PreviewEndpoints {
  /** Empty for a mirror, to which no requests are sent. */
  readonly subsets: readonly string[];
  readonly preview: Preview;
  readonly endpoints: readonly Endpoint[];
  /** Whether they speak another protocol than the baseline, so that they stand elsewhere and only bar it from their addresses. */
  readonly bridged: boolean;
}

export interface MergedEndpoints {
  /** Usable ones only, sorted by address; no address and port stands twice. */
  readonly entries: readonly EndpointEntry[];
  /** Previews that cover every endpoint of the baseline, with one of the addresses. */
  readonly shared: readonly { readonly preview: Preview; readonly address: string }[];
}

/**
 * Merges the endpoints of a baseline's port with those of its previews, one entry an address: in an Envoy, an address
 * that stands twice in a cluster loses one of its places, and one that stands as preview and baseline costs all
 * requests without a key (observed on Envoy 1.40.0).
 *
 * Pods of a preview often match the baseline's selector too. Such an address is the preview's alone, so that a copy
 * under test gets no one else's requests. If nothing would remain of the baseline, the preview selects the baseline
 * itself: then the addresses stay the baseline's, and the preview is reached through them as well.
 */
export function mergeEndpoints(baseline: readonly Endpoint[], previews: readonly PreviewEndpoints[]): MergedEndpoints {
  const own = new Set(baseline.map(endpointKey));
  const claims = new Map<string, Claim>();
  const taken = new Set<string>();
  const overlaps: { preview: Preview; address: string; covers: boolean }[] = [];

  for (const { subsets, preview, endpoints, bridged } of previews) {
    const overlap = endpoints.filter((endpoint) => own.has(endpointKey(endpoint)));
    const covers = own.size > 0 && overlap.length === own.size;
    if (overlap[0] !== undefined) overlaps.push({ preview, address: overlap[0].address, covers });
    for (const endpoint of endpoints) {
      const name = endpointKey(endpoint);
      if (own.has(name) && !covers) taken.add(name);
      if (!endpoint.usable || bridged) continue;
      const claim = claims.get(name) ?? { endpoint, subsets: new Set<string>(), titles: new Set<string>() };
      claims.set(name, claim);
      for (const subset of subsets) claim.subsets.add(subset);
      if (subsets.length > 0) claim.titles.add(titleOf(preview));
    }
  }
  // Several previews, each narrow enough, may together still leave the baseline nothing.
  const keepsAll = own.size > 0 && taken.size === own.size;
  const shared = overlaps.filter(({ covers }) => covers || keepsAll);

  const entries = new Map<string, EndpointEntry>();
  for (const endpoint of baseline) {
    const name = endpointKey(endpoint);
    if (!endpoint.usable || (taken.has(name) && !keepsAll)) continue;
    entries.set(name, entryOf(endpoint, true, claims.get(name)));
  }
  for (const [name, claim] of claims) {
    // What only gets copies of requests is none of the cluster's.
    if (!entries.has(name) && claim.subsets.size > 0) entries.set(name, entryOf(claim.endpoint, false, claim));
  }
  return { entries: [...entries.values()].sort(byAddress), shared };
}

/** The previews that name one address. */
interface Claim {
  readonly endpoint: Endpoint;
  readonly subsets: Set<string>;
  readonly titles: Set<string>;
}

function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address} ${endpoint.port}`;
}

function entryOf({ address, port }: Endpoint, baseline: boolean, claim: Claim | undefined): EndpointEntry {
  const sorted = (names: ReadonlySet<string> = new Set()) => Object.freeze([...names].sort());
  return Object.freeze({ address, port, baseline, subsets: sorted(claim?.subsets), titles: sorted(claim?.titles) });
}

function byAddress(a: EndpointEntry, b: EndpointEntry): number {
  return compareText(a.address, b.address) || a.port - b.port;
}
