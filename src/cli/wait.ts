import { setTimeout as delay } from 'node:timers/promises';
import { SettingsError } from '../settings/index.ts';
import type { PreviewStatus } from '../status/index.ts';
import { askPreviews, previewsCalled } from './answers.ts';
import { type Asked, adminFlag, askedIn, askSettings, NoAnswer } from './ask.ts';
import type { Command } from './command.ts';
import { chosenOutput, formatted, outputFlag } from './output.ts';
import { standing } from './preview-words.ts';
import { printable } from './terminal-text.ts';

/** The exit status where the time is over. */
const TOO_LATE = 3;

/** How often the control plane is asked, in milliseconds: its answer costs it some. */
const INTERVAL_MS = 250;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export const command: Command = {
  settings: askSettings,
  positionals: [
    { name: 'KEY|PREVIEW', summary: "A preview's key, or its object as NAME or NAMESPACE/NAME.", required: true },
  ],
  flags: [
    {
      name: 'timeout',
      kind: 'single',
      placeholder: 'TIME',
      description: 'How long to wait at most. Default: 30s.',
      accepts: 'a number with ms, s, m or h, for example 30s',
    },
    adminFlag,
    outputFlag,
  ],
  examples: [
    {
      line: 'kubectl apply -f preview.yaml && shunt wait pr-123 --timeout 60s',
      says: 'In a CI job: go on when requests with the key reach the preview.',
    },
  ],
  notes: `
All previews of the key have to be in force, with a ready endpoint, on all gateways that are connected
to the control plane that is asked, and at least on one. What is missing is said on stderr as it
changes. The exit status is 0 once they are, and 3 if they are not when the time is over.`,
  async run(context) {
    const { positionals, flags, stdout, stderr, signal } = context;
    const [word = ''] = positionals;
    const asked = askedIn(context);
    const [timeout = '30s'] = flags.get('timeout') ?? [];
    const ends = performance.now() + milliseconds(timeout);
    const output = chosenOutput(context);
    let said = '';
    for (let first = true; ; first = false) {
      const seen = await look(asked, word, signal).catch((error: Error) => {
        // One that answered before may be on its way back.
        if (first || !(error instanceof NoAnswer)) throw error;
        return { previews: [], missing: error.message };
      });
      const { previews, missing } = seen;
      if (missing === undefined) {
        stdout.write(formatted(output, { previews }, () => previews.map(inForce).join('')));
        return 0;
      }
      if (missing !== said) stderr.write(`${missing}\n`);
      said = missing;
      const left = ends - performance.now();
      if (left <= 0) {
        if (output !== 'table') stdout.write(formatted(output, { previews }, () => ''));
        stderr.write(`shunt: "${printable(word)}" is not in force after ${timeout}.\n`);
        return TOO_LATE;
      }
      await delay(Math.min(INTERVAL_MS, left), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  },
};

/** The previews that are meant, and in words what they lack, if anything. */
async function look(
  asked: Asked,
  word: string,
  signal: AbortSignal,
): Promise<{ readonly previews: readonly PreviewStatus[]; readonly missing: string | undefined }> {
  const previews = previewsCalled(word, await askPreviews(asked, signal));
  if (previews.length === 0) return { previews, missing: `There is no preview "${printable(word)}" yet.` };
  const lacking = previews.filter(({ state }) => state !== 'live');
  return { previews, missing: lacking.length === 0 ? undefined : lacking.map(lack).join('\n') };
}

function lack(preview: PreviewStatus): string {
  const wrong = preview.problems.map(({ message, advice }) => `\n  ${printable(message)} ${printable(advice)}`);
  return `${printable(preview.object)}: ${printable(standing(preview))}${wrong.join('')}`;
}

function inForce(preview: PreviewStatus): string {
  const { object, tookMs } = preview;
  const took = tookMs === undefined ? '' : ` It took ${tookMs} ms.`;
  return `${printable(object)}: ${printable(standing(preview))}${took}\n`;
}

function milliseconds(text: string): number {
  const [, number, unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined) {
    throw new SettingsError([
      `flag --timeout: "${text}" is no time; write a number with ms, s, m or h, for example 30s.`,
    ]);
  }
  return Number(number) * UNITS[unit]!;
}
