import { parseArgs } from 'node:util';
import { nearest } from '../nearest.ts';
import type { Found, Given } from './given.ts';
import { flagName, type Setting, schema, settingEntries } from './schema.ts';
import type { SettingField } from './settings.ts';

export interface Flags extends Found {
  readonly positionals: readonly string[];
  readonly help: boolean;
}

/**
 * Reads the flags of a command.
 * @param taker who takes them, as the sentences call it: `shunt serve`.
 * @param fields the settings that it takes.
 */
export function readFlags(args: readonly string[], taker: string, fields: readonly SettingField[]): Flags {
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
    },
  });
  const texts = new Map<SettingField, string>();
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
    const known = taken.get(token.name);
    if (known === undefined || !token.rawName.startsWith('--')) {
      problems.push(unknownFlag(token.rawName, taker, [...taken.keys()]));
      continue;
    }
    const [field, setting] = known;
    const text = setting.kind === 'switch' ? (token.value ?? 'on') : token.value;
    const before = texts.get(field);
    if (text === undefined || (!token.inlineValue && text.startsWith('--'))) {
      problems.push(`flag ${token.rawName}: its value is missing; write ${setting.accepts}.`);
    } else if (before === undefined) {
      texts.set(field, text);
    } else if (setting.kind === 'list') {
      texts.set(field, `${before},${text}`);
    } else {
      problems.push(`flag ${token.rawName}: it is given twice, as "${before}" and as "${text}"; write it once.`);
    }
  }
  const given: Given[] = [...texts].map(([field, text]) => ({ field, text, place: `flag ${flagName(schema[field])}` }));
  return { given, problems, positionals, help };
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
