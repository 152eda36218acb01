import { flagName, type OwnFlag, schema, variableName } from '../settings/index.ts';
import type { Command, Positional } from './command.ts';
import type { CommandEntry } from './commands.ts';

const columns = 100;

/** What `shunt --help` prints. */
export function overallHelp(commands: readonly CommandEntry[]): string {
  return paragraphs([
    'Shunt sends chosen requests to preview copies of a service, by telling Envoy which.',
    'Usage: shunt COMMAND [FLAGS]',
    table(
      'Commands:',
      commands.map(({ name, summary }) => [name, summary]),
    ),
    table('Flags:', [
      ['-h, --help', 'Print this, or with a command its flags and examples.'],
      ['--version', 'Print the version of Shunt.'],
    ]),
    wrap(
      'A setting is a flag (--log-level), an environment variable (SHUNT_LOG_LEVEL), or a key in a YAML file (log-level) ' +
        'that --config names. Flags come before the environment, and the environment before the file.',
    ),
    'See shunt COMMAND --help.',
  ]);
}

/** What `shunt <command> --help` prints. */
export function commandHelp({ name, summary }: CommandEntry, command: Command): string {
  const positionals = command.positionals ?? [];
  const usage = ['Usage: shunt', name, ...positionals.map(shown), '[FLAGS]'].join(' ');
  return paragraphs([
    summary,
    usage,
    ...(positionals.length === 0
      ? []
      : [
          table(
            'Arguments:',
            positionals.map((positional) => [positional.name, positional.summary]),
          ),
        ]),
    table('Flags:', [
      ...(command.flags ?? []).map(ownFlagRow),
      ...command.settings.map(flagRow),
      ['-h, --help', 'Print this.'],
    ]),
    ...(command.notes === undefined ? [] : [command.notes.trim()]),
    `Examples:\n${command.examples.map(({ line, says }) => `${wrap(says, '  # ')}\n  ${line}`).join('\n\n')}`,
  ]);
}

function flagRow(field: Command['settings'][number]): Row {
  const setting = schema[field];
  const value = setting.kind === 'switch' ? '' : ` ${setting.placeholder}`;
  const facts = [
    ...(setting.kind === 'list' ? ['May be repeated.'] : []),
    ...(setting.defaultText === undefined ? [] : [`Default: ${setting.defaultText}.`]),
    `[${variableName(setting)}]`,
  ];
  return [`${flagName(setting)}${value}`, `${setting.description} ${facts.join(' ')}`];
}

function ownFlagRow({ name, short, kind, placeholder, description }: OwnFlag): Row {
  const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return [`${names} ${placeholder}`, kind === 'list' ? `${description} May be repeated.` : description];
}

type Row = readonly [left: string, right: string];

function table(title: string, rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    title,
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${wrap(right, ' '.repeat(width + 2)).trimStart()}`),
  ].join('\n');
}

function shown({ name, required, repeated }: Positional): string {
  const names = repeated ? `${name}…` : name;
  return required ? names : `[${names}]`;
}

/** Breaks a text into lines that all begin with `margin`. */
function wrap(text: string, margin = ''): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(margin + word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}

function paragraphs(texts: readonly string[]): string {
  return `${texts.join('\n\n')}\n`;
}
