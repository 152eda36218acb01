import type { Mirroring } from './model.ts';
import { ANNOTATIONS } from './names.ts';

export interface ModeReading {
  readonly mirror?: Mirroring | undefined;
  readonly wrong: readonly ModeFault[];
}

export interface ModeFault {
  readonly code: 'mode-invalid' | 'percentage-invalid' | 'when-unready-invalid';
  readonly message: string;
  readonly advice: string;
}

const ALL: Mirroring = { perMillion: 1_000_000 };

/** Reads `shunt.dev/mode`, `redirect` where it is absent, and what belongs to one mode only. */
export function readMode(annotations: Readonly<Record<string, string>>): ModeReading {
  const { [ANNOTATIONS.mode]: mode = 'redirect', [ANNOTATIONS.percentage]: percentage } = annotations;
  switch (mode.trim()) {
    case 'redirect':
      return {
        wrong:
          percentage === undefined
            ? []
            : [
                fault(
                  'percentage-invalid',
                  `the annotation ${ANNOTATIONS.percentage} is of no use in a preview that requests are redirected to.`,
                  `Remove it, or write ${ANNOTATIONS.mode}: mirror.`,
                ),
              ],
      };
    case 'mirror':
      return readMirror(percentage, annotations[ANNOTATIONS.whenUnready]);
    default:
      return {
        wrong: [
          fault(
            'mode-invalid',
            `the annotation ${ANNOTATIONS.mode} is ${quote(mode)}.`,
            'Write redirect, so that the preview answers requests, or mirror, so that it gets copies of them.',
          ),
        ],
      };
  }
}

function readMirror(percentage: string | undefined, whenUnready: string | undefined): ModeReading {
  const wrong: ModeFault[] = [];
  if (whenUnready !== undefined) {
    wrong.push(
      fault(
        'when-unready-invalid',
        `the annotation ${ANNOTATIONS.whenUnready} is of no use in a preview that gets copies only.`,
        `Remove it, or write ${ANNOTATIONS.mode}: redirect.`,
      ),
    );
  }
  const mirror = percentage === undefined ? ALL : readPercentage(percentage);
  if (mirror === undefined) {
    wrong.push(
      fault(
        'percentage-invalid',
        `the annotation ${ANNOTATIONS.percentage} is ${quote(percentage!)}, which is no percentage.`,
        'Write a number above 0, up to 100, with at most four decimals, such as 5, 0.5% or 100%.',
      ),
    );
  }
  return { mirror, wrong };
}

/** `5`, `0.5%`: more than nothing, and at most all. */
function readPercentage(text: string): Mirroring | undefined {
  const parts = /^(\d{1,3})(?:\.(\d{1,4}))?[ \t]*%?$/.exec(text.trim());
  if (parts === null) return undefined;
  const perMillion = Number(parts[1]) * 10_000 + Number((parts[2] ?? '').padEnd(4, '0'));
  return perMillion >= 1 && perMillion <= ALL.perMillion ? { perMillion } : undefined;
}

function fault(code: ModeFault['code'], message: string, advice: string): ModeFault {
  return { code, message, advice };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
