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

/**
 * Keys are lower-case letters, digits, `-` and `.`, beginning and ending with a letter or digit, without `--`: every
 * carrier takes such a key unencoded, and `--` ends it in a preview's host. 63 characters, as a label's value.
 */
export function isKey(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text) && !text.includes('--');
}
