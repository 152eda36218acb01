import { nearest } from '../nearest.ts';
import type { Found, Given } from './given.ts';
import { settingEntries, variableName } from './schema.ts';

// Kubernetes gives each container variables for each Service of its namespace; those of a Service named `shunt`, or
// `shunt-…`, begin as ours do. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
const ofAService = /^SHUNT_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Reads the settings in the environment. An empty variable counts as not set. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Found {
  const byVariable = new Map(settingEntries.map(([field, setting]) => [variableName(setting), field]));
  const given: Given[] = [];
  const problems: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('SHUNT_') || text === undefined || text === '') continue;
    const field = byVariable.get(variable);
    const place = `environment variable ${variable}`;
    if (field !== undefined) {
      given.push({ field, text, place });
    } else if (!ofAService.test(variable)) {
      const meant = nearest(variable, [...byVariable.keys()]);
      problems.push(
        `${place}: there is no such setting; ${meant === undefined ? 'remove it.' : `did you mean ${meant}?`}`,
      );
    }
  }
  return { given, problems };
}
