import { readEnvironment } from './environment.ts';
import { SettingsError } from './errors.ts';
import { readFile } from './file.ts';
import type { Found, Given } from './given.ts';
import { type Setting, schema, settingEntries } from './schema.ts';
import type { SettingField, Settings } from './settings.ts';

/**
 * All settings, from flags, then the environment, then the file that either names, then the defaults.
 * @throws {SettingsError} with a sentence for everything that is wrong in any of them, overridden or not: what nobody
 *   notices today is a riddle on the day when the flag above it goes.
 */
export function loadSettings(flags: Found, env: Readonly<Record<string, string | undefined>>): Settings {
  const environment = readEnvironment(env);
  const problems = [...flags.problems, ...environment.problems];
  // A value of undefined is one that was switched off, and does not fall through to the next place.
  const values: Partial<Record<SettingField, unknown>> = {};
  const take = (given: readonly Given[]): void => {
    for (const { field, text, place } of given) {
      const reading = schema[field].read(text);
      if ('why' in reading) problems.push(`${place}: ${reading.why}; write ${schema[field].accepts}.`);
      else if (!(field in values)) values[field] = reading.value;
    }
  };
  take(flags.given);
  take(environment.given);
  const named = [...flags.given, ...environment.given].find(({ field }) => field === 'config');
  if (typeof values.config === 'string' && named !== undefined) {
    const file = readFile(values.config, named.place);
    problems.push(...file.problems);
    take(file.given);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return complete(values);
}

/** The settings of someone who has set nothing but `values`. */
export function defaultSettings(values: Partial<Settings> = {}): Settings {
  return complete(values);
}

function complete(values: Partial<Record<SettingField, unknown>>): Settings {
  const all = settingEntries.map(([field, setting]: [SettingField, Setting]) => [
    field,
    field in values ? values[field] : setting.default,
  ]);
  return deepFreeze(Object.fromEntries(all)) as Settings;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
