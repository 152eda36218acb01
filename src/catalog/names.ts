/** The labels and annotations that a user writes. */
export const LABELS = {
  role: 'shunt.dev/role',
  intercepts: 'shunt.dev/intercepts',
  key: 'shunt.dev/key',
} as const;

export const ANNOTATIONS = {
  hosts: 'shunt.dev/hosts',
  allowFrom: 'shunt.dev/allow-from',
  endpointsFrom: 'shunt.dev/endpoints-from',
  match: 'shunt.dev/match',
  mode: 'shunt.dev/mode',
  percentage: 'shunt.dev/percentage',
  whenUnready: 'shunt.dev/when-unready',
  ttl: 'shunt.dev/ttl',
  expiresAt: 'shunt.dev/expires-at',
} as const;

/**
 * Keys are lower-case letters, digits, `-` and `.`, each part between dots beginning and ending with a letter or digit,
 * without `--`: every carrier takes such a key unencoded, and hosts hold `--` for a dot and to end a key. 63 characters, as
 * a label's value.
 */
export function isKey(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]+([.-][a-z0-9]+)*$/.test(text);
}

/**
 * The keys that a hierarchical key falls back to, nearest first: `checkout.alice.x` to `checkout.alice`, then to `checkout`.
 * Only whole parts count: `dev.proj-abc` has nothing of `dev.proj-ab`.
 */
export function ancestorsOf(key: string): readonly string[] {
  const ancestors: string[] = [];
  for (let dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) ancestors.push(key.slice(0, dot));
  return ancestors;
}
