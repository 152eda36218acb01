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

const step = (result: Step['result'], text: string): Step => ({ about: 'rule', result, text });

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
  const steps = rules.map(({ subset, match }) => {
    const { preview } = intercepts.find(({ rule }) => rule?.subset === subset)!;
    const title = `The rule of ${describe(preview)}, ${matchText(match)}`;
    if (preview === taken) return step('yes', `${title}, takes the request.`);
    const failing = failingParts(match, request);
    if (failing.length > 0) return step('no', `${title}, does not: ${failing.join('; ')}.`);
    return step('no', `${title}, would take it too, but that of ${describe(taken!)} comes first.`);
  });
  for (const preview of waiting) {
    if (preview.match === undefined || failingParts(preview.match, request).length > 0) continue;
    for (const { message } of problems.filter(({ object }) => object === describe(preview))) {
      steps.push(
        step('no', `The rule of ${describe(preview)}, ${matchText(preview.match)}, is not in force: ${message}`),
      );
    }
  }
  return steps;
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
