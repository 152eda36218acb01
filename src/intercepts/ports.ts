import type { CatalogView } from '../catalog/catalog.ts';
import type { Baseline, Endpoint, HttpPort, HttpProtocol, Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import { ANNOTATIONS, LABELS } from '../catalog/names.ts';
import type { Problem } from '../problems.ts';
import { mergeEndpoints, type PreviewEndpoints } from './endpoints.ts';
import { type InheritedKeys, inheritedKeys, MOST_INHERITED } from './hierarchy.ts';
import type { Bridge, Intercept, PortEndpoints } from './intercept.ts';
import { previewProblem } from './preview-problem.ts';

const NONE_INHERITED: InheritedKeys = { taken: [], leftOut: [] };

function tooManyInherited(preview: Preview, first: string): Problem {
  return previewProblem(
    preview,
    'keys-too-many',
    `more than ${MOST_INHERITED} keys below ${JSON.stringify(preview.key)} are declared; the younger ones, such as ` +
      `${JSON.stringify(first)}, do not fall back to it but to the baseline.`,
    'Remove the previews that nobody needs, wherever they are, or give this Service previews of their own.',
  );
}

function onlyCopies(baseline: Baseline, { port }: HttpPort): Problem {
  return {
    code: 'baseline-empty',
    object: describe(baseline),
    place: baseline.place,
    message:
      `all of its endpoints at port ${port} are Pods labelled ${LABELS.intercepts}, which get no requests without their key; ` +
      'so there is nobody to answer those.',
    advice: `Take the label off the baseline's own Pods, or see why none of them is there.`,
  };
}

function gatewaysThemselves(baseline: Baseline, { port }: HttpPort, gateways: readonly string[]): Problem {
  return {
    code: 'gateway-loop',
    object: describe(baseline),
    place: baseline.place,
    message:
      `at port ${port} ${gateways.join(', ')} among its endpoints are the gateways themselves, so requests would go round in ` +
      'circles; they are left out.',
    advice:
      `Name a Service with the selector of its own Pods in the annotation ${ANNOTATIONS.endpointsFrom}, or give it back that ` +
      'selector.',
  };
}

/** Whether a preview has a port that stands for this one of its baseline. */
export function hasPort(port: HttpPort, baseline: Baseline, preview: Preview, catalog: CatalogView): boolean {
  if (preview.ports === undefined) return catalog.podsListen(preview.id, port);
  return previewPort(port, baseline, preview.ports) !== undefined;
}

/** What a preview has for a port of its baseline. */
export interface Copy {
  /** Pods speak what the baseline does. */
  readonly protocol: HttpProtocol;
  /** Usable or not. */
  readonly endpoints: readonly Endpoint[];
}

/** What a preview has for a port of its baseline; undefined if it has no such port. */
export function copyOf(port: HttpPort, baseline: Baseline, preview: Preview, catalog: CatalogView): Copy | undefined {
  if (!hasPort(port, baseline, preview, catalog)) return undefined;
  if (preview.ports !== undefined) {
    const own = previewPort(port, baseline, preview.ports)!;
    return { protocol: own.protocol, endpoints: catalog.endpoints(preview.id, own) };
  }
  const ipv6 = catalog.endpoints(baseline.id, port)[0]?.address.includes(':');
  return { protocol: port.protocol, endpoints: catalog.podEndpoints(preview.id, port, ipv6) };
}

/** Whether a preview speaks another protocol than its baseline at any of its ports. */
export function speaksOtherwise(baseline: Baseline, { ports }: Preview): boolean {
  return (
    ports !== undefined &&
    baseline.ports.some((port) => {
      const own = previewPort(port, baseline, ports);
      return own !== undefined && own.protocol !== port.protocol;
    })
  );
}

/** The port of a Service that stands for a port of its baseline: of the same name, else number, else the only one. */
function previewPort(port: HttpPort, baseline: Baseline, own: readonly HttpPort[]): HttpPort | undefined {
  return (
    own.find((each) => each.name !== '' && each.name === port.name) ??
    own.find((each) => each.port === port.port) ??
    (own.length === 1 && baseline.ports.length === 1 ? own[0] : undefined)
  );
}

function bridgeOf({ preview, subsets, protocol, endpoints }: Copy & PreviewEndpoints): readonly Bridge[] {
  const usable = endpoints.filter((endpoint) => endpoint.usable);
  return usable.length === 0 ? [] : [Object.freeze({ preview, subsets, protocol, endpoints: usable })];
}

export function portEndpoints(
  port: HttpPort,
  baseline: Baseline,
  intercepts: readonly Intercept[],
  mirrors: readonly Preview[],
  catalog: CatalogView,
  problems: Problem[],
): PortEndpoints {
  const all = [...intercepts, ...mirrors.map((preview) => ({ preview, subsets: [] }))];
  const present = all.flatMap((intercept) => {
    const copy = copyOf(port, baseline, intercept.preview, catalog);
    return copy === undefined ? [] : [{ ...intercept, ...copy }];
  });
  const keys = new Set(present.flatMap(({ preview }) => preview.key ?? []));
  const named = present.map(({ preview, subsets, endpoints, protocol }) => {
    const { key } = preview;
    const { taken, leftOut } = key === undefined ? NONE_INHERITED : inheritedKeys(key, keys, catalog);
    if (leftOut.length > 0) problems.push(tooManyInherited(preview, leftOut[0]!));
    return { preview, subsets, inherited: taken, endpoints, protocol };
  });
  const copies = named.map(({ preview, subsets, inherited, endpoints, protocol }) => ({
    ...{ preview, endpoints, protocol, bridged: protocol !== port.protocol },
    subsets: preview.mirror === undefined ? [...subsets, ...inherited] : [],
  }));
  if (catalog.hasOnlyCopies(baseline.id, port)) problems.push(onlyCopies(baseline, port));
  const gateways = catalog.gatewaysBehind(baseline.id, port);
  if (gateways.length > 0) problems.push(gatewaysThemselves(baseline, port, gateways));
  const merged = mergeEndpoints(catalog.endpoints(baseline.id, port), copies);
  for (const { preview, address } of merged.shared) {
    problems.push(
      previewProblem(
        preview,
        'address-shared',
        `all endpoints of ${describe(baseline)} are its endpoints too (${address} is one), so they stay the baseline's.`,
        'Make its selector narrower, so that it selects the copy only.',
      ),
    );
  }
  const denied = copies.filter(({ preview }) => preview.whenUnready === 'deny').flatMap(({ subsets }) => subsets);
  const unready = copies.filter(
    ({ preview, endpoints }) => preview.mirror === undefined && !endpoints.some(({ usable }) => usable),
  );
  const own = new Set(
    merged.entries.filter((entry) => entry.baseline).map(({ address, port }) => `${address} ${port}`),
  );
  const portMirrors = named.flatMap(({ preview, inherited, endpoints, protocol }) => {
    if (preview.mirror === undefined) return [];
    const keys = preview.key === undefined ? [] : [preview.key, ...inherited];
    // A copy never goes to the baseline, which had the request already.
    const usable = endpoints.filter((at) => at.usable && !own.has(`${at.address} ${at.port}`));
    return [{ preview, keys, protocol, endpoints: usable }];
  });
  return Object.freeze({
    port,
    entries: merged.entries,
    denied: new Set(denied),
    unready: unready.map(({ preview, subsets }) => ({ preview, subsets })),
    mirrors: portMirrors,
    bridges: copies.filter(({ preview, bridged }) => bridged && preview.mirror === undefined).flatMap(bridgeOf),
  });
}
