import { matchText } from '../catalog/match.ts';
import type { Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import type { Problem } from '../problems.ts';
import { exampleText } from './overlap.ts';
import { previewProblem } from './preview-problem.ts';
import { MOST_RULES, type OrderedRules } from './rules.ts';

/**
 * Of one baseline. Its endpoints are one resource, which costs an Envoy 30 to 60 ms of its main thread at each change where it
 * has 1,000 previews (measured), so that without a bound the owners of previews could slow all gateways.
 */
export const MOST_KEYS = 2_000;

/** The requests that previews of one baseline already have. */
export class Claims {
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
    if (match !== undefined && this.#byMatch.size >= MOST_RULES) return [oneRuleTooMany(preview)];
    return key === undefined || this.#byKey.size < MOST_KEYS ? undefined : [oneKeyTooMany(preview)];
  }
}

function oneRuleTooMany(preview: Preview): Problem {
  return previewProblem(
    preview,
    'rules-too-many',
    `Service ${preview.baseline} has ${MOST_RULES} rules of older previews already, so this preview receives nothing.`,
    'Use a key, which costs other requests nothing, or remove the rules that nobody needs.',
  );
}

function oneKeyTooMany(preview: Preview): Problem {
  return previewProblem(
    preview,
    'keys-too-many',
    `Service ${preview.baseline} has ${MOST_KEYS} previews of precedence over this one, so this preview receives nothing.`,
    'Remove the previews that nobody needs; shunt.dev/ttl lets them end by themselves.',
  );
}

/** A rule that no request comes to is in nobody's way; its owner, and whose rule it waits behind, are told. */
export function hiddenBy(earlier: Preview, later: Preview): readonly Problem[] {
  return [
    previewProblem(
      later,
      'rule-hidden',
      `every request that matches ${matchText(later.match!)} matches the rule of ${describe(earlier)} for ` +
        `${later.baseline} first, so this rule receives nothing.`,
      'Make it more specific, or remove one of the two.',
    ),
    previewProblem(
      earlier,
      'rule-hidden',
      `its match ${matchText(earlier.match!)} takes every request that the rule of ${describe(later)} wants.`,
      'Make it more specific, or remove one of the two.',
    ),
  ];
}

/** How many previews one sentence names. */
const NAMED = 3;

/** A rule that loses some of its requests to others may be meant so; its owner, and theirs, are told of one such request. */
export function partlyHidden(overlapping: OrderedRules['overlapping']): readonly Problem[] {
  const advice = 'If that is not meant, give one of the two a condition that requests of the other do not meet.';
  const losers = [...Map.groupBy(overlapping, ({ later }) => later)].map(([later, all]) =>
    previewProblem(
      later,
      'rule-partly-hidden',
      `some requests that match its rule, such as ${exampleText(all[0]!.example)}, match ` +
        `${theRulesOf(all.map(({ earlier }) => earlier))} too, which ${all.length === 1 ? 'comes' : 'come'} first.`,
      advice,
    ),
  );
  const winners = [...Map.groupBy(overlapping, ({ earlier }) => earlier)].map(([earlier, all]) =>
    previewProblem(
      earlier,
      'rule-partly-hidden',
      `its rule takes requests, such as ${exampleText(all[0]!.example)}, that match ` +
        `${theRulesOf(all.map(({ later }) => later))} too.`,
      advice,
    ),
  );
  return [...losers, ...winners];
}

function theRulesOf(previews: readonly Preview[]): string {
  if (previews.length === 1) return `the rule of ${describe(previews[0]!)}`;
  const parts = previews.slice(0, NAMED).map(describe);
  if (previews.length > NAMED) parts.push(`${previews.length - NAMED} more`);
  return `the rules of ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

function takenBy(winner: Preview, loser: Preview, what: string, code: Problem['code']): readonly Problem[] {
  return [
    previewProblem(
      loser,
      code,
      `${describe(winner)} has ${what} for ${loser.baseline} already, so this preview receives nothing.`,
      'Choose another, or remove one of the two.',
    ),
    previewProblem(
      winner,
      code,
      `${describe(loser)} wants ${what} for ${winner.baseline} too; this preview came first and keeps it.`,
      'Choose another, or remove one of the two.',
    ),
  ];
}
