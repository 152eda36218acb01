import { resourceYaml } from '../translate/render.ts';
import { adminFlag, askSettings } from './ask.ts';
import { type Change, objectChanges, resourceChanges } from './changes.ts';
import type { Command } from './command.ts';
import { lineDiff } from './line-diff.ts';
import { chosenOutput, formatted, outputFlag } from './output.ts';
import { type Colour, type Paint, paintFor } from './paint.ts';
import { gatewaySettings } from './shared-settings.ts';
import { printable } from './terminal-text.ts';
import { folderSide, serverSide } from './world-side.ts';

/** The exit status where something differs. */
const DIFFERENT = 3;

const SIGNS: Readonly<Record<Change['change'], readonly [sign: string, colour: Colour]>> = {
  added: ['+', 'green'],
  removed: ['-', 'red'],
  changed: ['~', 'yellow'],
};

export const command: Command = {
  settings: [...askSettings, ...gatewaySettings, 'gatewayNamespace', 'logLevel'],
  positionals: [
    { name: 'DIR_A', summary: 'A folder of manifests.', required: true },
    {
      name: 'DIR_B',
      summary:
        'The folder that would take its place. Without it, DIR_A would take the place of all that is served now.',
      required: false,
    },
  ],
  flags: [adminFlag, outputFlag],
  examples: [
    { line: 'shunt diff main branch', says: 'Show what a change of manifests means, to previews and to Envoys.' },
    {
      line: 'shunt diff manifests',
      says: 'Show what a folder would change for the Envoys of the control plane that runs here.',
    },
  ],
  notes: `
Give the settings that the control plane has, or its --config: they make listeners and routes. The
exit status is 0 if nothing would change, and 3 if something would. What is wrong with manifests is
said on stderr.`,
  async run(context) {
    const { positionals, stdout, env } = context;
    const [first = '', second] = positionals;
    const before = second === undefined ? await serverSide(context) : await folderSide(first, context);
    const after = await folderSide(second ?? first, context);
    const objects = objectChanges(before, after);
    const resources: ResourceChange[] = [];
    // One after the other, for the sake of the control plane that is asked.
    for (const pair of resourceChanges(before, after)) {
      const { typeUrl: type, name } = (pair.after ?? pair.before)!;
      const bodies = {
        before: pair.before && (await before.body(pair.before)),
        after: pair.after && (await after.body(pair.after)),
      };
      resources.push({ ...changeOf(pair.before !== undefined, pair.after !== undefined), type, name, ...bodies });
    }
    const text = () => {
      const paint = paintFor(stdout, env);
      if (objects.length === 0 && resources.length === 0) return 'Nothing would change.\n';
      return [
        ...objects.map((change) => objectLine(change, paint)),
        ...resources.map((each) => resourceLines(each, paint)),
      ].join('');
    };
    stdout.write(formatted(chosenOutput(context), { objects, resources }, text));
    return objects.length === 0 && resources.length === 0 ? 0 : DIFFERENT;
  },
};

function changeOf(isBefore: boolean, isAfter: boolean): Pick<Change, 'change'> {
  if (isBefore && isAfter) return { change: 'changed' };
  return { change: isAfter ? 'added' : 'removed' };
}

function objectLine({ change, what, says }: Change, paint: Paint): string {
  const [sign, colour] = SIGNS[change];
  return `${paint(colour, `${sign} ${printable(what)}`)}: ${printable(says)}\n`;
}

interface ResourceChange extends Pick<Change, 'change'> {
  readonly type: string;
  readonly name: string;
  readonly before: object | undefined;
  readonly after: object | undefined;
}

function resourceLines({ change, type, name, before, after }: ResourceChange, paint: Paint): string {
  const [sign, colour] = SIGNS[change];
  const title = `${sign} ${type.slice(type.lastIndexOf('.') + 1)} ${printable(name)}`;
  const lines = lineDiff(before ? resourceYaml(before) : '', after ? resourceYaml(after) : '');
  const shown = lines.map((line) => {
    const text = `    ${line.sign} ${printable(line.text)}`.trimEnd();
    return line.sign === '+' ? paint('green', text) : line.sign === '-' ? paint('red', text) : text;
  });
  return ['', paint(colour, title), ...shown, ''].join('\n');
}
