import { describe, expect, test } from 'vitest';
import { type Report, reportOf, withReports } from '../../../src/announce/reports.ts';
import { announcements, carriedOn, type Standing, standings } from '../../../src/announce/standing.ts';
import type { Problem, ProblemCode } from '../../../src/problems.ts';
import type { PreviewStatus } from '../../../src/status/index.ts';

const OBJECT = 'Service shop/copy';
const NOW = Date.UTC(2030, 0, 1);

function status(fields: Partial<PreviewStatus> = {}): PreviewStatus {
  return {
    ...{ object: OBJECT, kind: 'Service', namespace: 'shop', name: 'copy', key: 'k', baseline: 'shop/api' },
    ...{ hasRule: false, state: 'live', endpoints: 1, gateways: { current: 3, total: 3, behind: [] }, problems: [] },
    ...{ changedAt: new Date(NOW).toISOString(), tookMs: 12.4 },
    ...fields,
  };
}
const problem = (code: ProblemCode, object = OBJECT): Problem => ({
  code,
  object,
  message: 'wrong.',
  advice: 'Mend it.',
});

/** What is told at each of the steps, as `Reason object`. */
function story(...steps: readonly (readonly [Partial<PreviewStatus>, ...Problem[]])[]): readonly string[][] {
  let known: Standing | undefined;
  return steps.map(([fields, ...problems]) => {
    const now = standings([status(fields)], problems).get(OBJECT)!;
    const told = announcements(OBJECT, known, now, problems);
    known = carriedOn(known, now);
    return told.map(({ reason, object }) => `${reason} ${object}`);
  });
}

describe('the owner of a preview', () => {
  test('is told that it is live, on how many gateways and after how long', () => {
    const [told] = announcements(OBJECT, undefined, standings([status()], []).get(OBJECT)!, []);
    expect(told!.note).toBe(
      '3 of 3 gateways have acknowledged it, 12 ms after the change was seen: requests with the key "k" for Service ' +
        'shop/api reach it.',
    );
  });

  test('is told nothing while gateways come and go', () => {
    expect(
      story(
        [{ state: 'live' }],
        [{ state: 'arriving' }],
        [{ state: 'unserved' }],
        [{ state: 'live' }],
        [{ state: 'live' }],
      ),
    ).toEqual([[`Live ${OBJECT}`], [], [], [], []]);
  });

  test('is told again when it is another, or was something else meanwhile', () => {
    expect(
      story(
        [{ state: 'live' }],
        [{ state: 'arriving', key: 'k2' }],
        [{ key: 'k2' }],
        [{ key: 'k2', state: 'unready' }],
      ),
    ).toEqual([[`Live ${OBJECT}`], [], [`Live ${OBJECT}`], [`Unready ${OBJECT}`]]);
  });

  test('is told of each problem once', () => {
    const refused = { state: 'refused' } as const;
    expect(
      story(
        [refused, problem('baseline-missing')],
        [refused, problem('baseline-missing'), problem('key-taken')],
        [refused, problem('key-taken')],
        [{ state: 'live' }],
        [{ state: 'expired' }, problem('expired')],
      ),
    ).toEqual([[`BaselineMissing ${OBJECT}`], [`KeyTaken ${OBJECT}`], [], [`Live ${OBJECT}`], [`Expired ${OBJECT}`]]);
  });

  test('is told together with the owner of its baseline of what concerns both', () => {
    const told = story([{ state: 'refused' }, problem('baseline-refuses')]);
    expect(told).toEqual([[`BaselineRefuses ${OBJECT}`, 'BaselineRefuses Service shop/api']]);
  });

  test('is not told what is wrong with files and watches', () => {
    expect([...standings([], [problem('source-stale', 'watch services in all namespaces')])]).toEqual([]);
  });
});

describe('the gateways of several replicas', () => {
  const own = { state: 'unserved', gateways: { current: 0, total: 0, behind: [] }, tookMs: undefined } as const;
  const stands = (reports: readonly Report[], fields: Partial<PreviewStatus> = own, since = 0, now = NOW + 1_000) => {
    const { state, gateways, tookMs } = withReports(status(fields), reports, since, now);
    return `${state} ${gateways.current} of ${gateways.total} ${tookMs ?? ''}`.trim();
  };

  test('are counted together', () => {
    const report = reportOf([status()], [], 3, NOW);
    expect(stands([report])).toBe('live 3 of 3 12');
    expect(stands([report, report], status({ tookMs: 20 }))).toBe('live 9 of 9 20');
  });

  test('are waited for while a replica has not seen what is new, or has seen it differently', () => {
    expect(stands([reportOf([], [], 2, NOW)])).toBe('arriving 0 of 2');
    expect(stands([reportOf([status({ key: 'before' })], [], 2, NOW)])).toBe('arriving 0 of 2');
  });

  test('have what has been there for long, of which nothing is said', () => {
    expect(stands([reportOf([status()], [], 2, NOW + 60_000)], own, 0, NOW + 60_000)).toBe('live 2 of 2');
    expect(stands([reportOf([], [], 2, NOW)], own, NOW)).toBe('live 2 of 2');
  });
});
