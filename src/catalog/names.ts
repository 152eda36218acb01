/** The labels and annotations that a user writes. */
export const LABELS = {
  role: 'shunt.dev/role',
  intercepts: 'shunt.dev/intercepts',
  key: 'shunt.dev/key',
} as const;

export const ANNOTATIONS = {
  hosts: 'shunt.dev/hosts',
  allowFrom: 'shunt.dev/allow-from',
  match: 'shunt.dev/match',
} as const;

/** A DNS label (RFC 1123), as Kubernetes names namespaces. */
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function isDnsLabel(text: string): boolean {
  return DNS_LABEL.test(text);
}

/** A DNS name (RFC 1123): labels of up to 63 characters, 253 in all. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && text.split('.').every(isDnsLabel);
}

/**
 * Keys are lower-case letters, digits, `-` and `.`, beginning and ending with a letter or digit, without `--`: every
 * carrier takes such a key unencoded, and `--` ends it in a preview's host. 63 characters, as a label's value.
 */
export function isKey(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text) && !text.includes('--');
}

/** The words nearest to a misspelt one come first; none is further than a third of its length. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const reach = Math.max(2, Math.floor(word.length / 3));
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    const distance = editDistance(word, candidate);
    if (distance <= reach && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** Levenshtein's distance. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substitution = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, substitution));
    }
    previous = current;
  }
  return previous[to.length]!;
}
