import { RE2JS } from 're2js';

/**
 * RE2, which Envoy compiles expressions with, in JavaScript: its syntax, its answers, and time that is linear in the text. The
 * language's own expressions differ in classes and flags, and an expression and a request could be made for each other that
 * keep them busy for hours.
 */
const compiled = new Map<string, RE2JS>();
const MOST_COMPILED = 1_000;

/** Whether an expression matches a whole text. */
export function matchesWhole(regex: string, text: string): boolean {
  return expression(regex).matcher(bytesOf(text)).matches();
}

/** RE2's `GlobalReplace`: each match gives way to the substitution, in which `\1` is the first group. */
export function replaceMatches(regex: string, substitution: string, text: string): string {
  const bytes = bytesOf(text);
  const matcher = expression(regex).matcher(bytes);
  let result = '';
  let end = 0;
  while (matcher.find()) {
    // A match of nothing right behind another is none.
    if (matcher.end() === matcher.start() && matcher.start() === end && end > 0) continue;
    result += bytes.slice(end, matcher.start());
    result += substitution.replace(/\\(\d)/g, (_, group) => matcher.group(Number(group)) ?? '');
    end = matcher.end();
  }
  return Buffer.from(result + bytes.slice(end), 'latin1').toString();
}

/** Envoy's expressions see bytes: `.` is one of them, and `é` has two. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function expression(regex: string): RE2JS {
  let found = compiled.get(regex);
  if (found === undefined) {
    if (compiled.size === MOST_COMPILED) compiled.clear();
    found = RE2JS.compile(regex);
    compiled.set(regex, found);
  }
  return found;
}
