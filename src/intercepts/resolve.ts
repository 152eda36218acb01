import type { CatalogView } from '../catalog/catalog.ts';
import { matchText } from '../catalog/match.ts';
import type { Baseline, HttpPort, Preview } from '../catalog/model.ts';
import { describe, SERVICE } from '../catalog/model.ts';
import { ANNOTATIONS, LABELS } from '../catalog/names.ts';
import type { Problem } from '../problems.ts';
import { Claims, hiddenBy, partlyHidden } from './claims.ts';
import type { BaselineIntercepts, Intercept } from './intercept.ts';
import { ruleSubset } from './intercept.ts';
import { MOST_MIRRORS, oneMirrorTooMany } from './mirrors.ts';
import { hasPort, portEndpoints, speaksOtherwise } from './ports.ts';
import { byPrecedence } from './precedence.ts';
import { whyNoPreviewHost } from './preview-hosts.ts';
import { previewProblem } from './preview-problem.ts';
import { orderRules } from './rules.ts';

export interface Resolution {
  /** Absent where the Service is no baseline. */
  readonly intercepts?: BaselineIntercepts;
  readonly problems: readonly Problem[];
}

/**
 * Decides which previews of a Service are in force and what its ports' endpoints are. Pure: the same catalog gives the
 * same answer whatever the order in which it came about.
 *
 * @param carriers whether the host is one, so that a preview without a host of its own is worth a word.
 */
export function resolveIntercepts(
  id: string,
  catalog: CatalogView,
  carriers: KeyCarriers = { host: true },
): Resolution {
  const previews = withoutDoubles(catalog.previewsOf(id)).sort(byPrecedence);
  const baseline = catalog.baseline(id);
  if (baseline === undefined) return { problems: previews.map((preview) => baselineMissing(preview)) };

  const problems: Problem[] = catalog.hasEndpointsFrom(baseline) ? [] : [endpointsMissing(baseline)];
  const intercepts: Intercept[] = [];
  const claims = new Claims();
  const mirrors: Preview[] = [];
  let bridged = 0;
  for (const preview of previews) {
    const otherwise = preview.mirror === undefined && speaksOtherwise(baseline, preview);
    const refusal =
      refusalOf(preview, baseline, catalog) ??
      matchesKeys(preview, carriers) ??
      (otherwise && bridged === MOST_BRIDGED ? [oneBridgeTooMany(preview)] : undefined) ??
      (preview.mirror === undefined ? claims.conflict(preview) : tooMany(mirrors, preview));
    if (refusal !== undefined) {
      problems.push(...refusal);
      continue;
    }
    if (preview.mirror !== undefined) {
      mirrors.push(preview);
      continue;
    }
    claims.take(preview);
    if (otherwise) bridged++;
    intercepts.push(interceptOf(preview));
    if (carriers.host) problems.push(...hostless(preview, baseline));
  }

  const { rules, hidden, overlapping } = orderRules(intercepts);
  for (const { earlier, later } of hidden) problems.push(...hiddenBy(earlier, later));
  problems.push(...partlyHidden(overlapping));
  const ports = baseline.ports.map((port) => portEndpoints(port, baseline, intercepts, mirrors, catalog, problems));
  return { intercepts: { baseline, intercepts, rules, ports }, problems };
}

/**
 * Without the Pods that are behind a Service with the same labels, as tools write them that label all objects of a copy: the
 * Service says how they are reached.
 */
function withoutDoubles(previews: readonly Preview[]): Preview[] {
  const wish = ({ namespace, key, match }: Preview) => `${namespace} ${key ?? (match && matchText(match))}`;
  const services = new Set(previews.filter(({ kind }) => kind === SERVICE).map(wish));
  return previews.filter((preview) => preview.kind === SERVICE || !services.has(wish(preview)));
}

/** Names of what carries keys, as far as it is on. */
interface KeyCarriers {
  readonly host: boolean;
  readonly header?: string | undefined;
  readonly baggage?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly cookie?: string | undefined;
  readonly query?: string | undefined;
}

/** Rules count before keys, so that one on a carrier would take the requests of whose key that is. */
function matchesKeys(preview: Preview, carriers: KeyCarriers): readonly Problem[] | undefined {
  if (preview.mirror !== undefined) return undefined;
  const condition = preview.match?.conditions.find(
    ({ source, name, test }) =>
      test.kind !== 'absent' &&
      (carriers[source] === name ||
        (source === 'header' &&
          ((name === 'baggage' && carriers.baggage !== undefined) ||
            (name === 'tracestate' && carriers.tracestate !== undefined)))),
  );
  if (condition === undefined) return undefined;
  return [
    previewProblem(
      preview,
      'match-invalid',
      `its match asks for the ${condition.source} ${condition.name}, which carries keys, and a key's requests are its preview's.`,
      `Give it the label ${LABELS.key} instead, or match something else.`,
    ),
  ];
}

/** Of one baseline: each costs each Envoy a cluster and a listener of its own. */
const MOST_BRIDGED = 50;

function oneBridgeTooMany(preview: Preview): Problem {
  return previewProblem(
    preview,
    'protocols-too-many',
    `Service ${preview.baseline} has ${MOST_BRIDGED} previews already that speak another protocol than it does, so this preview ` +
      'receives nothing.',
    "Let it speak the baseline's protocol, or remove the previews that nobody needs.",
  );
}

function baselineMissing(preview: Preview): Problem {
  return previewProblem(
    preview,
    'baseline-missing',
    `it intercepts Service ${preview.baseline}, which is not there or is no baseline.`,
    `Label that Service shunt.dev/role: baseline, or correct the label shunt.dev/intercepts.`,
  );
}

function endpointsMissing(baseline: Baseline): Problem {
  return {
    code: 'endpoints-missing',
    object: describe(baseline),
    place: baseline.place,
    message: `its annotation ${ANNOTATIONS.endpointsFrom} names Service ${baseline.endpointsFrom}, which has no endpoints; its own are used.`,
    advice: 'Give that Service the selector of the Pods that serve its requests, or remove the annotation.',
  };
}

/** Why a baseline does not take a preview, whatever else there is. */
function refusalOf(preview: Preview, baseline: Baseline, catalog: CatalogView): readonly Problem[] | undefined {
  if (preview.namespace !== baseline.namespace && !baseline.allowFrom.includes(preview.namespace)) {
    return [
      previewProblem(
        preview,
        'baseline-refuses',
        `${describe(baseline)} takes no previews from the namespace ${preview.namespace}.`,
        `Ask its owner to add ${preview.namespace} to its annotation shunt.dev/allow-from.`,
      ),
    ];
  }
  if (baseline.ports.length === 0) {
    return [
      previewProblem(
        preview,
        'port-unsupported',
        `${describe(baseline)} has no port that speaks HTTP, so none of its requests can be told apart.`,
        'Only HTTP/1.1, HTTP/2 and gRPC can be intercepted.',
      ),
    ];
  }
  if (baseline.ports.some((port) => hasPort(port, baseline, preview, catalog))) return undefined;
  return [preview.ports === undefined ? noContainerPort(preview, baseline) : noPort(preview, preview.ports, baseline)];
}

function noContainerPort(preview: Preview, baseline: Baseline): Problem {
  const targets = baseline.ports.map(({ targetPort }) => JSON.stringify(targetPort)).join(', ');
  return previewProblem(
    preview,
    'port-missing',
    `no container of its Pods tells of a port for ${describe(baseline)}, whose target is ${targets}.`,
    "Name the container's port so, or as the port of that Service is named.",
  );
}

function noPort(preview: Preview, own: readonly HttpPort[], baseline: Baseline): Problem {
  const spoken = (ports: readonly HttpPort[]) => ports.map((port) => `${port.port} (${port.protocol})`).join(', ');
  return previewProblem(
    preview,
    'port-missing',
    `none of its ports ${spoken(own)} stands for a port of ${describe(baseline)}: ${spoken(baseline.ports)}.`,
    'Give it a port with the same name or number.',
  );
}

/** A preview that no host can name is in force all the same. */
function hostless(preview: Preview, baseline: Baseline): readonly Problem[] {
  const none = preview.key === undefined ? undefined : whyNoPreviewHost(preview.key, baseline);
  if (none === undefined) return [];
  return [previewProblem(preview, 'host-impossible', `it has no preview URL: ${none.why}.`, none.advice)];
}

/** Mirrors take no requests away from others, so that only their number counts. */
function tooMany(mirrors: readonly Preview[], preview: Preview): readonly Problem[] | undefined {
  return mirrors.length < MOST_MIRRORS ? undefined : [oneMirrorTooMany(preview)];
}

function interceptOf(preview: Preview): Intercept {
  const rule = preview.match && Object.freeze({ subset: ruleSubset(preview.id), match: preview.match });
  const subsets = [preview.key, rule?.subset].filter((name) => name !== undefined);
  return Object.freeze({ preview, subsets: Object.freeze(subsets), rule });
}
