/**
 * The environment for a program under test: this process's own, without what its user has set for Shunt. The program takes
 * every variable that begins with `SHUNT_` for a setting, those of the tests included.
 */
export function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SHUNT_')));
}
