import { matchParts, matchText } from '../catalog/match.ts';
import type { Match, Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import type { BaselineIntercepts } from '../intercepts/intercept.ts';
import type { Problem } from '../problems.ts';
import { translateMatch } from '../translate/rule-match.ts';
import type { SeenRequest } from './envoy/request.ts';
import { headerOf, pathOf, queryParameter } from './envoy/request.ts';
import { matchesRoute } from './envoy/route-match.ts';
import type { Step } from './explanation.ts';

/**
 * Each rule of a baseline in its order, and why it lost.
 *
 * @param taken the preview whose rule the route is of.
 * @param waiting previews that are not in force, for rules of which there are problems.
 */
export function ruleSteps(
  { intercepts, rules }: BaselineIntercepts,
  taken: Preview | undefined,
  waiting: readonly Preview[],
  problems: readonly Problem[],
  request: SeenRequest,
): readonly Step[] {
  const inForce = rules.map(({ subset, match }): Step => {
    const { preview } = intercepts.find(({ rule }) => rule?.subset === subset)!;
    const failing = failingParts(match, request);
    const about = { about: 'rule', preview: describe(preview), holds: failing.length === 0 } as const;
    const title = `The rule of ${describe(preview)}, ${matchText(match)}`;
    if (preview === taken) return { ...about, result: 'yes', text: `${title}, takes the request.` };
    if (!about.holds) return { ...about, result: 'no', text: `${title}, does not: ${failing.join('; ')}.` };
    const first = taken === undefined ? 'another' : `that of ${describe(taken)}`;
    return { ...about, result: 'no', text: `${title}, would take it too, but ${first} comes first.` };
  });
  const leftOut = waiting.flatMap((preview) =>
    preview.match === undefined || failingParts(preview.match, request).length > 0
      ? []
      : problems.flatMap(({ object, message }): readonly Step[] => {
          if (object !== describe(preview)) return [];
          const text = `The rule of ${object}, ${matchText(preview.match!)}, is not in force: ${message}`;
          return [{ about: 'rule', result: 'no', preview: object, text }];
        }),
  );
  return [...inForce, ...leftOut];
}

/** The parts of a match that do not hold, and what is so instead. */
function failingParts(match: Match, request: SeenRequest): readonly string[] {
  return matchParts(match).flatMap((part) =>
    matchesRoute(translateMatch(part, '/')!, request) ? [] : [`${matchText(part)} fails, ${insteadOf(part, request)}`],
  );
}

function insteadOf({ path, method, conditions: [condition] }: Match, request: SeenRequest): string {
  if (path !== undefined) return `the path is ${quote(pathOf(request))}`;
  if (method !== undefined) return `the method is ${request.method}`;
  const { source, name } = condition!;
  const value =
    source === 'query' ? queryParameter(request, name) : headerOf(request, source === 'header' ? name : source);
  const what = source === 'query' ? `parameter ${name}` : `header ${source === 'header' ? name : source}`;
  return value === undefined ? `there is no ${what}` : `the ${what} is ${quote(value)}`;
}

function quote(text: string): string {
  return `${JSON.stringify(text.slice(0, 80))}${text.length > 80 ? '…' : ''}`;
}
