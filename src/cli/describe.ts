import type { PreviewStatus } from '../status/index.ts';
import { askPreviews, previewsCalled } from './answers.ts';
import { adminFlag, askedIn, askSettings } from './ask.ts';
import type { Command } from './command.ts';
import { chosenOutput, formatted, outputFlag } from './output.ts';
import { type Paint, paintFor } from './paint.ts';
import { isInForce, STATE_COLOURS, standing } from './preview-words.ts';
import { ago } from './since.ts';
import { printable } from './terminal-text.ts';

export const command: Command = {
  settings: askSettings,
  positionals: [
    { name: 'KEY|PREVIEW', summary: "A preview's key, or its object as NAME or NAMESPACE/NAME.", required: true },
  ],
  flags: [adminFlag, outputFlag],
  examples: [
    { line: 'shunt describe pr-123', says: 'Say how the previews of a key stand, and what is wrong with them.' },
    { line: 'shunt describe shop/api-pr-123', says: 'Say it of one.' },
  ],
  async run(context) {
    const { positionals, stdout, env, signal } = context;
    const [word = ''] = positionals;
    const previews = previewsCalled(word, await askPreviews(askedIn(context), signal));
    if (previews.length === 0) {
      throw new Error(`there is no preview with the key or the name "${printable(word)}"; shunt list shows all.`);
    }
    const paint = paintFor(stdout, env);
    const text = () => previews.map((preview) => description(preview, paint)).join('\n');
    stdout.write(formatted(chosenOutput(context), { previews }, text));
    return 0;
  },
};

function description(preview: PreviewStatus, paint: Paint): string {
  const { object, place, key, baseline, hasRule, state, endpoints, gateways, problems } = preview;
  const { changedAt, createdAt, expiresAt, tookMs } = preview;
  const now = Date.now();
  const at = (time: string | undefined) => time && `${time} (${ago(time, now)}${Date.parse(time) > now ? '' : ' ago'})`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Key', key],
    ['Rule', hasRule ? 'yes, shunt.dev/match' : undefined],
    ['Baseline', baseline],
    ['Written in', place],
    ['Endpoints', isInForce(state) ? `${endpoints} ready` : undefined],
    ['Gateways', isInForce(state) ? `${gateways.current} of ${gateways.total}` : undefined],
    ['Changed', at(changedAt)],
    ['In force after', tookMs === undefined ? undefined : `${tookMs} ms`],
    ['Created', at(createdAt)],
    ['Expires', at(expiresAt)],
  ];
  const lines = facts.flatMap(([title, fact]) =>
    fact === undefined ? [] : [`  ${`${title}:`.padEnd(17)}${printable(fact)}`],
  );
  const wrong = problems.flatMap(({ code, message, advice }) => [
    `    ${paint('red', code)}: ${printable(message)}`,
    `      ${printable(advice)}`,
  ]);
  return [
    `${paint('bold', printable(object))}: ${paint(STATE_COLOURS[state], state)}`,
    `  ${printable(standing(preview))}`,
    ...lines,
    ...(wrong.length === 0 ? [] : ['  Problems:', ...wrong]),
    '',
  ].join('\n');
}
