/** Whether a path is the other or lies under it, by whole segments. */
export function isUnder(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}
