/**
 * Sees to it that nothing of a message is passed over: what `translate` begins to use, this has to learn.
 *
 * @param rest the fields of a message that were not read.
 * @throws Error naming one that is set.
 */
export function nothingElse(message: string, rest: object): void {
  const set = Object.entries(rest).find(([, value]) => !isUnset(value));
  if (set !== undefined) throw new Error(`shunt explain does not know ${message}.${set[0]}.`);
}

function isUnset(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true;
  return Array.isArray(value) && value.length === 0;
}
