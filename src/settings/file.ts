import { readFileSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { nearest } from '../nearest.ts';
import type { Found, Given } from './given.ts';
import { settingEntries } from './schema.ts';

/**
 * Reads the settings in a YAML file: one map, whose keys are the names of settings.
 * @param place where its path was given, for the sentence that says that it cannot be read.
 */
export function readFile(path: string, place: string): Found {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    return { given: [], problems: [`${place}: the file "${path}" ${why}; write the path of a YAML file.`] };
  }
  return readSettingsText(text, path);
}

/** Reads the text of a settings file; `path` is what the sentences call it. */
export function readSettingsText(text: string, path: string): Found {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (node: unknown): number => lines.linePos((node as Node | null)?.range?.[0] ?? 0).line;
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      (error) => `${path}:${lines.linePos(error.pos[0]).line}: it is not YAML here: ${error.message}.`,
    );
    return { given: [], problems };
  }
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return { given: [], problems: [] };
  if (!isMap(root)) {
    return { given: [], problems: [`${path}:${lineOf(root)}: settings are a map; write "key: value" lines.`] };
  }
  const names = settingEntries.map(([, setting]) => setting.name);
  const given: Given[] = [];
  const problems: string[] = [];
  for (const { key, value } of root.items as Pair<Node, Node | null>[]) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const place = `${path}:${lineOf(key)} key ${name}`;
    const known = settingEntries.find(([, setting]) => setting.name === name);
    if (known === undefined) {
      const meant = nearest(name, names);
      const advice = meant === undefined ? `write one of ${names.join(', ')}.` : `did you mean ${meant}?`;
      problems.push(`${place}: there is no such setting; ${advice}`);
      continue;
    }
    const [field, setting] = known;
    const node = isAlias(value) ? value.resolve(document) : value;
    const written = textOf(node);
    if (field === 'config') {
      problems.push(`${place}: a file cannot name another; remove it.`);
    } else if (written === undefined) {
      problems.push(`${place}: its value is missing or no plain value; write ${setting.accepts}.`);
    } else if (setting.kind !== 'list' && isSeq(node)) {
      problems.push(`${place}: it takes one value, not a list; write ${setting.accepts}.`);
    } else {
      given.push({ field, text: written, place });
    }
  }
  return { given, problems };
}

/** The text of a scalar as it stands in the file, or of a list of such with commas; undefined for anything else. */
function textOf(node: unknown): string | undefined {
  if (isScalar(node)) {
    if (node.value === null) return undefined;
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }
  if (!isSeq(node) || node.items.length === 0) return undefined;
  const texts = node.items.map((item) => (isScalar(item) ? textOf(item) : undefined));
  return texts.includes(undefined) ? undefined : texts.join(',');
}
