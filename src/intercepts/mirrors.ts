import type { Match, Preview } from '../catalog/model.ts';
import type { Problem } from '../problems.ts';
import type { PortMirror } from './intercept.ts';
import { byRulePrecedence } from './precedence.ts';
import { previewProblem } from './preview-problem.ts';
import { covers } from './rules.ts';

/** Of one baseline: each request may be copied that often. */
export const MOST_MIRRORS = 10;

/** Requests that have copies made of them, and for whom. */
export interface MirroredRequests {
  readonly on: MirrorCondition;
  readonly previews: readonly Preview[];
}

/** Which requests; every request where it has neither. */
export interface MirrorCondition {
  readonly match?: Match | undefined;
  /** One of which the request carries. */
  readonly keys?: readonly string[] | undefined;
}

/**
 * What is copied, the first that a request matches counting: rules, the more specific first, then keys, then every
 * request. Copies go to the mirrors of that and to all others that want every such request, as far as can be seen: so a
 * mirror of all requests, or of more than a rule's, loses none to it.
 */
export function mirroredRequests(mirrors: readonly PortMirror[]): readonly MirroredRequests[] {
  const ofAll = mirrors.filter(({ preview, keys }) => preview.match === undefined && keys.length === 0).map(previewOf);
  const ruled = mirrors
    .flatMap(({ preview }) => (preview.match === undefined ? [] : [{ preview, match: preview.match }]))
    .sort(byRulePrecedence);
  const byRule = ruled.map(({ match }) => ({
    on: { match },
    previews: [...ruled.filter((other) => covers(other.match, match)).map(previewOf), ...ofAll],
  }));
  const keyed = Map.groupBy(
    mirrors.filter(({ keys }) => keys.length > 0),
    ({ keys }) => keys.join(' '),
  );
  const byKey = [...keyed.values()].map((same) => ({
    on: { keys: same[0]!.keys },
    previews: [...same.map(previewOf), ...ofAll],
  }));
  return [...byRule, ...byKey, ...(ofAll.length === 0 ? [] : [{ on: {}, previews: ofAll }])];
}

function previewOf({ preview }: { readonly preview: Preview }): Preview {
  return preview;
}

/** Told to the previews beyond the bound, which are the younger ones. */
export function oneMirrorTooMany(preview: Preview): Problem {
  return previewProblem(
    preview,
    'mirrors-too-many',
    `Service ${preview.baseline} has ${MOST_MIRRORS} mirrors of precedence over this one already, so this preview receives nothing.`,
    'Remove the mirrors that nobody needs.',
  );
}
