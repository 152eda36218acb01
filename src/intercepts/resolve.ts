import type { CatalogView } from '../catalog/catalog.ts';
import { matchText } from '../catalog/match.ts';
import type { Baseline, HttpPort, Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import type { Problem } from '../problems.ts';
import { mergeEndpoints } from './endpoints.ts';
import { inheritedKeys } from './hierarchy.ts';
import type { BaselineIntercepts, Intercept, PortEndpoints } from './intercept.ts';
import { ruleSubset } from './intercept.ts';
import { byPrecedence } from './precedence.ts';
import { MOST_RULES, orderRules } from './rules.ts';

export interface Resolution {
  /** Absent where the Service is no baseline. */
  readonly intercepts?: BaselineIntercepts;
  readonly problems: readonly Problem[];
}

/**
 * Decides which previews of a Service are in force and what its ports' endpoints are. Pure: the same catalog gives the
 * same answer whatever the order in which it came about.
 */
export function resolveIntercepts(id: string, catalog: CatalogView): Resolution {
  const previews = [...catalog.previewsOf(id)].sort(byPrecedence);
  const baseline = catalog.baseline(id);
  if (baseline === undefined) return { problems: previews.map((preview) => baselineMissing(preview)) };

  const problems: Problem[] = [];
  const intercepts: Intercept[] = [];
  const claims = new Claims();
  for (const preview of previews) {
    const refusal = refusalOf(preview, baseline) ?? claims.conflict(preview);
    if (refusal !== undefined) {
      problems.push(...refusal);
      continue;
    }
    claims.take(preview);
    intercepts.push(interceptOf(preview));
  }

  const { rules, hidden } = orderRules(intercepts);
  for (const { earlier, later } of hidden) problems.push(...hiddenBy(earlier, later));
  const ports = baseline.ports.map((port) => portEndpoints(port, baseline, intercepts, catalog, problems));
  return { intercepts: { baseline, intercepts, rules, ports }, problems };
}

function problem(preview: Preview, code: Problem['code'], message: string, advice: string): Problem {
  return { code, object: describe(preview), place: preview.place, message, advice };
}

function baselineMissing(preview: Preview): Problem {
  return problem(
    preview,
    'baseline-missing',
    `it intercepts Service ${preview.baseline}, which is not there or is no baseline.`,
    `Label that Service shunt.dev/role: baseline, or correct the label shunt.dev/intercepts.`,
  );
}

/** Why a baseline does not take a preview, whatever else there is. */
function refusalOf(preview: Preview, baseline: Baseline): readonly Problem[] | undefined {
  if (preview.namespace !== baseline.namespace && !baseline.allowFrom.includes(preview.namespace)) {
    return [
      problem(
        preview,
        'baseline-refuses',
        `${describe(baseline)} takes no previews from the namespace ${preview.namespace}.`,
        `Ask its owner to add ${preview.namespace} to its annotation shunt.dev/allow-from.`,
      ),
    ];
  }
  if (baseline.ports.length === 0) {
    return [
      problem(
        preview,
        'port-unsupported',
        `${describe(baseline)} has no port that speaks HTTP, so none of its requests can be told apart.`,
        'Only HTTP/1.1, HTTP/2 and gRPC can be intercepted.',
      ),
    ];
  }
  if (baseline.ports.some((port) => previewPort(port, baseline, preview) !== undefined)) return undefined;
  const spoken = (ports: readonly HttpPort[]) => ports.map((port) => `${port.port} (${port.protocol})`).join(', ');
  return [
    problem(
      preview,
      'port-missing',
      `none of its ports ${spoken(preview.ports)} stands for a port of ${describe(baseline)}: ${spoken(baseline.ports)}.`,
      'Give it a port with the same name or number and the same protocol.',
    ),
  ];
}

function interceptOf(preview: Preview): Intercept {
  const rule = preview.match && Object.freeze({ subset: ruleSubset(preview.id), match: preview.match });
  const subsets = [preview.key, rule?.subset].filter((name) => name !== undefined);
  return Object.freeze({ preview, subsets: Object.freeze(subsets), rule });
}

/** The requests that previews of one baseline already have. */
class Claims {
  readonly #byKey = new Map<string, Preview>();
  readonly #byMatch = new Map<string, Preview>();

  take(preview: Preview): void {
    if (preview.key !== undefined) this.#byKey.set(preview.key, preview);
    if (preview.match !== undefined) this.#byMatch.set(matchText(preview.match), preview);
  }

  /** Both owners are told when two previews want the same requests; the one of lower precedence waits. */
  conflict(preview: Preview): readonly Problem[] | undefined {
    const { key, match } = preview;
    const withKey = key === undefined ? undefined : this.#byKey.get(key);
    if (withKey !== undefined) return takenBy(withKey, preview, `the key ${JSON.stringify(key)}`, 'key-taken');
    const withMatch = match === undefined ? undefined : this.#byMatch.get(matchText(match));
    if (withMatch !== undefined) return takenBy(withMatch, preview, `the match ${matchText(match!)}`, 'rule-hidden');
    return match === undefined || this.#byMatch.size < MOST_RULES ? undefined : [oneRuleTooMany(preview)];
  }
}

function oneRuleTooMany(preview: Preview): Problem {
  return problem(
    preview,
    'rules-too-many',
    `Service ${preview.baseline} has ${MOST_RULES} rules of older previews already, so this preview receives nothing.`,
    'Use a key, of which there may be any number, or remove the rules that nobody needs.',
  );
}

/** A rule that no request comes to is in nobody's way; its owner, and whose rule it waits behind, are told. */
function hiddenBy(earlier: Preview, later: Preview): readonly Problem[] {
  return [
    problem(
      later,
      'rule-hidden',
      `every request that matches ${matchText(later.match!)} matches the rule of ${describe(earlier)} for ` +
        `${later.baseline} first, so this rule receives nothing.`,
      'Make it more specific, or remove one of the two.',
    ),
    problem(
      earlier,
      'rule-hidden',
      `its match ${matchText(earlier.match!)} takes every request that the rule of ${describe(later)} wants.`,
      'Make it more specific, or remove one of the two.',
    ),
  ];
}

function takenBy(winner: Preview, loser: Preview, what: string, code: Problem['code']): readonly Problem[] {
  return [
    problem(
      loser,
      code,
      `${describe(winner)} has ${what} for ${loser.baseline} already, so this preview receives nothing.`,
      'Choose another, or remove one of the two.',
    ),
    problem(
      winner,
      code,
      `${describe(loser)} wants ${what} for ${winner.baseline} too; this preview came first and keeps it.`,
      'Choose another, or remove one of the two.',
    ),
  ];
}

/** The port of a preview that stands for a port of its baseline: of the same name, else number, else the only one. */
function previewPort(port: HttpPort, baseline: Baseline, preview: Preview): HttpPort | undefined {
  const found =
    preview.ports.find((each) => each.name !== '' && each.name === port.name) ??
    preview.ports.find((each) => each.port === port.port) ??
    (preview.ports.length === 1 && baseline.ports.length === 1 ? preview.ports[0] : undefined);
  return found?.protocol === port.protocol ? found : undefined;
}

function portEndpoints(
  port: HttpPort,
  baseline: Baseline,
  intercepts: readonly Intercept[],
  catalog: CatalogView,
  problems: Problem[],
): PortEndpoints {
  const present = intercepts.flatMap((intercept) => {
    const own = previewPort(port, baseline, intercept.preview);
    return own === undefined ? [] : [{ ...intercept, endpoints: catalog.endpoints(intercept.preview.id, own) }];
  });
  const keys = new Set(present.flatMap(({ preview }) => preview.key ?? []));
  const copies = present.map(({ preview, subsets, endpoints }) => {
    const { key } = preview;
    const inherited = key === undefined ? [] : inheritedKeys(key, keys, catalog.declaredBelow(key));
    return { preview, subsets: [...subsets, ...inherited], endpoints };
  });
  const merged = mergeEndpoints(catalog.endpoints(baseline.id, port), copies);
  for (const { preview, address } of merged.shared) {
    problems.push(
      problem(
        preview,
        'address-shared',
        `all endpoints of ${describe(baseline)} are its endpoints too (${address} is one), so they stay the baseline's.`,
        'Make its selector narrower, so that it selects the copy only.',
      ),
    );
  }
  return Object.freeze({ port, entries: merged.entries });
}
