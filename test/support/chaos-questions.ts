import { BASELINES, DEAD, type PreviewState, type World } from './chaos-world.ts';
import type { Question } from './gateway.ts';
import { type RequestKind, requestKind } from './load/index.ts';

interface ChaosQuestion extends Question {
  readonly target: 'api' | 'grpc';
  /** That the request carries, if it is one that a preview may have. */
  readonly key?: string;
  readonly user?: string;
}

const api = (fields: Partial<ChaosQuestion> = {}): ChaosQuestion => ({ target: 'api', host: 'api', ...fields });
const grpc = (fields: Partial<ChaosQuestion> = {}): ChaosQuestion => ({
  ...{ target: 'grpc', host: 'grpc:9000', protocol: 'gRPC' },
  ...fields,
});

/** What callers ask, by the names under which a load reports them. */
const QUESTIONS: Readonly<Record<string, ChaosQuestion>> = {
  'api, no key': api(),
  'api, unknown key': api({ headers: { 'x-preview': 'nobody' } }),
  'api, steady': api({ key: 'steady', headers: { 'x-preview': 'steady' } }),
  'api, second port': api({ host: 'api:8080' }),
  'api, outside': api({ host: 'shop.example.com', path: '/v2/items' }),
  'api, pr-1': api({ key: 'pr-1', headers: { 'x-preview': 'pr-1' } }),
  'api, pr-2': api({ key: 'pr-2', headers: { baggage: 'a=1, preview=pr-2' } }),
  'api, pr-3': api({ key: 'pr-3', host: 'pr-3--api.preview.localhost' }),
  'api, pr-4': api({ key: 'pr-4', headers: { cookie: 'preview=pr-4' } }),
  'api, alice': api({ user: 'alice', host: 'api.shop', headers: { 'x-user': 'alice' } }),
  'api, bob': api({ user: 'bob', headers: { 'x-user': 'bob' } }),
  'grpc, no key': grpc(),
  'grpc, pr-1': grpc({ key: 'pr-1', headers: { 'x-preview': 'pr-1' } }),
  'grpc, pr-2': grpc({ key: 'pr-2', headers: { 'x-preview': 'pr-2' } }),
};
export const QUESTION_NAMES: readonly string[] = Object.keys(QUESTIONS);

/** Names of the questions whose answers no change takes away: the baselines', and those of the preview that stays. */
export const STEADY_NAMES = QUESTION_NAMES.filter((name) => {
  const { key, user } = QUESTIONS[name]!;
  return user === undefined && (key === undefined || key === 'steady');
});

/** The questions in every protocol and method, as a world answers them. */
export function kindsOf(names: readonly string[], answeredBy: (name: string) => readonly string[]): RequestKind[] {
  return names.flatMap((name) => {
    const { host, headers = {}, path = '/', protocol } = QUESTIONS[name]!;
    const fields = { name, authority: host, headers, answeredBy: answeredBy(name) };
    if (protocol !== undefined) return [requestKind({ ...fields, protocol })];
    return (['HTTP/1.1', 'HTTP/2'] as const).flatMap((each) =>
      (['GET', 'POST'] as const).map((method) => requestKind({ ...fields, path, protocol: each, method })),
    );
  });
}

/** Titles of those who may answer a question while the world is, and stays, as it is; sorted. */
export function answersIn(world: World, name: string): readonly string[] {
  const baseline = baselineTitles(world, QUESTIONS[name]!.target);
  const preview = previewIn(world, name);
  const copies = preview?.endpoints.filter((title) => title !== DEAD) ?? [];
  const isWhole = copies.length > 0 && copies.length === preview!.endpoints.length;
  return [...copies, ...(isWhole ? [] : baseline)].sort();
}

/**
 * Titles of those who may answer while one world becomes another: the files come into force in any order, and a rule's
 * route and its endpoints, which are two resources, one after the other, with the baseline for as long as one is missing.
 */
export function answersBetween(before: World, after: World, name: string): readonly string[] {
  const answers = new Set<string>();
  const worlds = worldsBetween(before, after);
  for (const world of worlds) for (const title of answersIn(world, name)) answers.add(title);
  const { target, user } = QUESTIONS[name]!;
  const previews = new Set(worlds.map((world) => previewIn(world, name)?.name));
  if (user !== undefined && previews.size > 1) {
    for (const world of worlds) for (const title of baselineTitles(world, target)) answers.add(title);
  }
  return [...answers].sort();
}

/** Of a steady question, titles of all who may ever answer. */
export function everAnswers(name: string): readonly string[] {
  const { target, key } = QUESTIONS[name]!;
  if (key !== undefined) return [key];
  return target === 'api' ? BASELINES : ['grpc'];
}

/** The preview that a question is for. */
function previewIn(world: World, name: string): PreviewState | undefined {
  const { target, key, user } = QUESTIONS[name]!;
  return inForce(world, target).find(
    (each) => (key !== undefined && each.key === key) || (user !== undefined && each.user === user),
  );
}

function baselineTitles(world: World, target: 'api' | 'grpc'): readonly string[] {
  const { api: state } = world;
  return target === 'api' && state?.kind === 'api' ? state.endpoints : ['grpc'];
}

/** The previews that conflict with none before them in order of precedence, which here is that of their names. */
function inForce(world: World, target: 'api' | 'grpc'): readonly PreviewState[] {
  const previews = Object.values(world)
    .flatMap((state) => (state?.kind === 'preview' && state.target === target ? [state] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const taken = new Set<string>();
  return previews.filter(({ key, user }) => {
    const claims = [`key ${key}`, ...(user === undefined ? [] : [`user ${user}`])];
    if (claims.some((claim) => taken.has(claim))) return false;
    for (const claim of claims) taken.add(claim);
    return true;
  });
}

/** With each of the files that differ as it was or as it is to be. */
function worldsBetween(before: World, after: World): readonly World[] {
  const files = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differing = files.filter((file) => before[file] !== after[file]);
  return differing.reduce(
    (worlds: readonly World[], file) => worlds.flatMap((world) => [world, { ...world, [file]: after[file] }]),
    [before],
  );
}
