import { createHash } from 'node:crypto';
import type { Problem } from '../problems.ts';
import type { PreviewStatus } from '../status/index.ts';

/** How an object stands, and what of that its owner has been told: an entry of the status ConfigMap. */
export interface Standing {
  /** Of a preview: as `PreviewStatus` has it. */
  readonly state?: string | undefined;
  readonly key?: string | undefined;
  /** `namespace/name`. */
  readonly baseline?: string | undefined;
  /** `2 of 3`. */
  readonly gateways?: string | undefined;
  /** How long it took from the change until all of them had it, in milliseconds. */
  readonly tookMs?: number | undefined;
  /** Codes, sorted. */
  readonly problems?: readonly string[] | undefined;
  /** The state that was last told, where that is another: what passes by is not told. */
  readonly told?: string | undefined;
}

/** What is to be told of an object, as an Event. */
export interface Announcement {
  /** `Service shop/api-pr-1`. */
  readonly object: string;
  readonly type: 'Normal' | 'Warning';
  /** In CamelCase. */
  readonly reason: string;
  readonly note: string;
  /** Another object that it concerns. */
  readonly related?: string | undefined;
}

/** How all objects stand of which there is anything to say, by their names: previews, and whatever has a problem. */
export function standings(
  previews: readonly PreviewStatus[],
  problems: readonly Problem[],
): ReadonlyMap<string, Standing> {
  const all = new Map<string, Standing>(previews.map((preview) => [preview.object, standingOf(preview)]));
  for (const { object, code } of problems) {
    const { problems: codes = [], ...standing } = all.get(object) ?? {};
    if (isObject(object)) all.set(object, { ...standing, problems: [...new Set([...codes, code])].sort() });
  }
  return all;
}

function standingOf({ state, key, baseline, gateways, tookMs }: PreviewStatus): Standing {
  const acknowledged = `${gateways.current} of ${gateways.total}`;
  const took = tookMs === undefined ? undefined : Math.round(tookMs);
  return { state, key, baseline, gateways: acknowledged, tookMs: took, problems: [] };
}

/** States that pass, as gateways come and go. */
const PASSING: readonly (string | undefined)[] = ['arriving', 'unserved'];

/** What is now, with what of it has been told before. */
export function carriedOn(before: Standing | undefined, now: Standing): Standing {
  if (!PASSING.includes(now.state) || before === undefined || !isSame(before, now)) return now;
  const told = toldState(before);
  return told === undefined ? now : { ...now, told };
}

/** What the owners of an object have not been told yet. */
export function announcements(
  object: string,
  before: Standing | undefined,
  now: Standing,
  problems: readonly Problem[],
): readonly Announcement[] {
  const known = before?.problems ?? [];
  const fresh = problems.filter(({ code }, index) => {
    const first = problems.findIndex((each) => each.code === code) === index;
    return first && !known.includes(code);
  });
  const warnings = fresh.flatMap((problem) => warningsOf(problem, now));
  const news = before === undefined || !isSame(before, now) || toldState(before) !== now.state;
  return news ? [...changeOf(object, now), ...warnings] : warnings;
}

function changeOf(object: string, now: Standing): readonly Announcement[] {
  const what =
    now.key === undefined ? 'requests that match its rule' : `requests with the key ${JSON.stringify(now.key)}`;
  const related = `Service ${now.baseline}`;
  switch (now.state) {
    case 'live': {
      const took = now.tookMs === undefined ? '' : `, ${now.tookMs} ms after the change was seen`;
      const note = `${now.gateways} gateways have acknowledged it${took}: ${what} for ${related} reach it.`;
      return [{ object, type: 'Normal', reason: 'Live', note, related }];
    }
    case 'unready': {
      const note = `None of its endpoints is ready. It is in force on ${now.gateways} gateways for ${what} for ${related}.`;
      return [{ object, type: 'Warning', reason: 'Unready', note, related }];
    }
    default:
      return [];
  }
}

/** Problems of a preview that the owner of its baseline can mend, or has an interest in. */
const OF_BOTH: readonly string[] = ['baseline-refuses', 'gateway-refuses'];

function warningsOf({ object, code, message, advice }: Problem, { baseline }: Standing): readonly Announcement[] {
  const reason = code.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
  const note = `${message} ${advice}`;
  const own = { object, type: 'Warning' as const, reason, note };
  if (baseline === undefined || !OF_BOTH.includes(code)) return [own];
  const related = `Service ${baseline}`;
  return [
    { ...own, related },
    { ...own, object: related, note: `${object}: ${note}`, related: object },
  ];
}

function isSame(a: Standing, b: Standing): boolean {
  return a.key === b.key && a.baseline === b.baseline;
}

function toldState({ state, told }: Standing): string | undefined {
  return PASSING.includes(state) ? told : state;
}

/** Whether a problem is told of an object of the cluster, and not of a watch or a file. */
function isObject(title: string): boolean {
  return /^[A-Z][A-Za-z]* [a-z0-9-]+\/[a-z0-9.-]+$/.test(title);
}

/** A key of a ConfigMap for an object: `shop.api-pr-1` for a Service, else with its kind; of what is too long, a hash. */
export function entryName(object: string): string {
  const [kind, title] = object.split(' ') as [string, string];
  const name = `${title.replace('/', '.')}${kind === 'Service' ? '' : `.${kind}`}`;
  return name.length <= 253 ? name : createHash('sha256').update(object).digest('hex');
}
