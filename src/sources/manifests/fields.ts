import { type Problem, quote } from '../../problems.ts';

/** Tells a mapping of YAML or JSON from every other value. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a test of one value says: nothing if the value may stand, else what to write instead. */
export type Rule<T> = (value: T) => string | undefined;

/**
 * Reads the fields of one object and collects what is wrong with them. A reader returns `undefined` both for a field that
 * is left out and for one that was wrong; `spoilt` tells whether the object as a whole can still be used. As in the
 * Kubernetes API, `null` means left out.
 */
export class Fields {
  readonly problems: Problem[] = [];
  /** True once something was wrong that the object cannot be used without. */
  spoilt = false;
  readonly #object: string;
  readonly #place: string | undefined;

  constructor(object: string, place: string | undefined) {
    this.#object = object;
    this.#place = place;
  }

  /** Notes a value that spoils the object. */
  refuse(path: string, value: unknown, advice: string): void {
    this.spoilt = true;
    this.remark(path, value, advice);
  }

  /** Notes a value that the object can do without. */
  remark(path: string, value: unknown, advice: string): void {
    this.problems.push({
      code: 'manifest-invalid',
      object: this.#object,
      place: this.#place,
      message: `${path} is ${quote(value)}.`,
      advice,
    });
  }

  mapping(value: unknown, path: string): Readonly<Record<string, unknown>> | undefined {
    if (value === undefined || value === null) return undefined;
    if (isMapping(value)) return value;
    this.refuse(path, value, 'Write a mapping, that is `name: value` lines.');
    return undefined;
  }

  /** The entries of a list of mappings with their paths; entries that are no mappings are noted and left out. */
  mappings(value: unknown, path: string): { at: string; entry: Readonly<Record<string, unknown>> }[] {
    const entries: { at: string; entry: Readonly<Record<string, unknown>> }[] = [];
    for (const [index, entry] of this.list(value, path).entries()) {
      const at = `${path}[${index}]`;
      if (isMapping(entry)) entries.push({ at, entry });
      else this.refuse(at, entry, 'Write a mapping, that is `name: value` lines.');
    }
    return entries;
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.refuse(path, value, 'Write a list, that is lines that begin with `- `.');
    return [];
  }

  string(value: unknown, path: string, rule?: Rule<string>): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') {
      this.refuse(
        path,
        value,
        typeof value === 'object' ? 'Write a string.' : 'Put it in quotes: it has to be a string.',
      );
      return undefined;
    }
    const advice = rule?.(value);
    if (advice === undefined) return value;
    this.refuse(path, value, advice);
    return undefined;
  }

  boolean(value: unknown, path: string): boolean | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'boolean') return value;
    this.refuse(path, value, 'Write true or false, without quotes.');
    return undefined;
  }

  /** A port number; `undefined` if it is left out. */
  port(value: unknown, path: string): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535) return value;
    const quoted = typeof value === 'string' && /^\d+$/.test(value);
    this.refuse(path, value, `Write a whole number from 1 to 65535${quoted ? ', without quotes' : ''}.`);
    return undefined;
  }

  /** The one of `choices` that the value is. */
  choice<T extends string>(value: unknown, path: string, choices: readonly T[]): T | undefined {
    if (value === undefined || value === null) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.refuse(path, value, `Write ${oneOf(choices)}.`);
    return found;
  }
}

function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? choices[0]! : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}
