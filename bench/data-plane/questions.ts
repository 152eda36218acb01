import type { Gateway } from './gateway.ts';
import type { Question } from './load.ts';

/** The service that every request is for. */
export const SERVICE = 'api';

/** The key of the preview that has an endpoint which answers. */
export const KEY = 'pr-7';

export interface Scenario {
  readonly title: string;
  readonly question: Question;
  /** Whether the preview answers, if there is one. */
  readonly diverted: boolean;
}

/** What a browser or a client library sends anyway. */
const ORDINARY = {
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate',
  'user-agent': 'shunt-bench/1',
} as const;

function scenario(title: string, diverted: boolean, headers: Question['headers'], host = SERVICE): Scenario {
  return { title, diverted, question: { path: '/items/1?page=2', host, headers: { ...ORDINARY, ...headers } } };
}

/** What requests may carry. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('no key', false, {}),
  scenario('header', true, { 'x-preview': KEY }),
  scenario('unknown key', false, { 'x-preview': 'pr-unknown' }),
  scenario('baggage', true, { baggage: `userId=alice,preview=${KEY}` }),
  scenario('cookie', true, { cookie: `session=0123456789abcdef; preview=${KEY}` }),
  scenario('preview host', true, {}, `${KEY}--${SERVICE}.preview.localhost`),
];

/** What is asked of a gateway: without shunt no key means anything. */
export function scenariosOf({ previews }: Gateway): readonly Scenario[] {
  return previews === undefined ? SCENARIOS.slice(0, 1) : SCENARIOS;
}

/** Who is to answer. */
export function expectedAnswer({ diverted }: Scenario, { previews = 0 }: Gateway): 'baseline' | 'preview' {
  return diverted && previews > 0 ? 'preview' : 'baseline';
}
