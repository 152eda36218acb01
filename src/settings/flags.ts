import { parseArgs } from 'node:util';
import { nearest } from '../nearest.ts';
import type { Found, Given } from './given.ts';
import { flagName, type Setting, schema, settingEntries } from './schema.ts';
import type { SettingField } from './settings.ts';

export interface Flags extends Found {
  readonly positionals: readonly string[];
  /** The values of flags that are no settings, by name; as often as they were given. */
  readonly own: ReadonlyMap<string, readonly string[]>;
  readonly help: boolean;
}

/** A flag that belongs to one command and is no setting: neither the environment nor the file has it. */
export interface OwnFlag {
  readonly name: string;
  /** One letter: `H` for `-H`. */
  readonly short?: string;
  /** `list` flags may be repeated. */
  readonly kind: 'single' | 'list';
  readonly placeholder: string;
  readonly description: string;
  /** What may be written, as the end of a sentence that begins with "write". */
  readonly accepts: string;
  /** Where nothing else may be written. */
  readonly choices?: readonly string[];
}

/**
 * Reads the flags of a command.
 * @param taker who takes them, as the sentences call it: `shunt serve`.
 * @param fields the settings that it takes.
 * @param ownFlags what it takes besides; they come before a setting of the same name.
 */
export function readFlags(
  args: readonly string[],
  taker: string,
  fields: readonly SettingField[],
  ownFlags: readonly OwnFlag[] = [],
): Flags {
  const taken = new Map<string, [SettingField, Setting]>(
    fields.map((field) => [schema[field].name, [field, schema[field]]]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    // Not strict: its errors name neither what is accepted nor what was probably meant.
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(
        [...taken.values()].map(([, { name, kind }]) => [
          name,
          { type: kind === 'switch' ? ('boolean' as const) : ('string' as const), multiple: true },
        ]),
      ),
      ...Object.fromEntries(
        ownFlags.map(({ name, short }) => [
          name,
          { type: 'string' as const, multiple: true, ...(short === undefined ? {} : { short }) },
        ]),
      ),
    },
  });
  const texts = new Map<SettingField, string>();
  const own = new Map<string, readonly string[]>();
  const positionals: string[] = [];
  const problems: string[] = [];
  let help = false;
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help') {
      help = true;
      continue;
    }
    const { rawName } = token;
    const mine = ownFlags.find(({ name, short }) => rawName === `--${name}` || rawName === `-${short}`);
    if (mine !== undefined) {
      const before = own.get(mine.name) ?? [];
      if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
        problems.push(`flag ${rawName}: its value is missing; write ${mine.accepts}.`);
      } else if (mine.kind === 'single' && before.length > 0) {
        problems.push(givenTwice(rawName, before[0]!, token.value));
      } else if (mine.choices?.includes(token.value) === false) {
        problems.push(`flag ${rawName}: "${token.value}" is none; write ${mine.accepts}.`);
      } else own.set(mine.name, [...before, token.value]);
      continue;
    }
    const known = taken.get(token.name);
    if (known === undefined || !rawName.startsWith('--')) {
      problems.push(unknownFlag(rawName, taker, [...taken.keys(), ...ownFlags.map(({ name }) => name)]));
      continue;
    }
    const [field, setting] = known;
    const text = setting.kind === 'switch' ? (token.value ?? 'on') : token.value;
    const before = texts.get(field);
    if (text === undefined || (!token.inlineValue && text.startsWith('--'))) {
      problems.push(`flag ${rawName}: its value is missing; write ${setting.accepts}.`);
    } else if (before === undefined) {
      texts.set(field, text);
    } else if (setting.kind === 'list') {
      texts.set(field, `${before},${text}`);
    } else {
      problems.push(givenTwice(rawName, before, text));
    }
  }
  const given: Given[] = [...texts].map(([field, text]) => ({ field, text, place: `flag ${flagName(schema[field])}` }));
  return { given, problems, positionals, own, help };
}

function givenTwice(rawName: string, first: string, second: string): string {
  return `flag ${rawName}: it is given twice, as "${first}" and as "${second}"; write it once.`;
}

function unknownFlag(rawName: string, taker: string, names: readonly string[]): string {
  const name = rawName.replace(/^-+/, '');
  const elsewhere = settingEntries.find(([, setting]) => setting.name === name);
  if (elsewhere !== undefined && rawName.startsWith('--')) {
    return `flag ${rawName}: ${taker} does not take it; see ${taker} --help.`;
  }
  const meant = nearest(name, [...names, 'help']);
  return meant === undefined
    ? `flag ${rawName}: ${taker} has no such flag; see ${taker} --help.`
    : `flag ${rawName}: ${taker} has no such flag; did you mean --${meant}?`;
}
