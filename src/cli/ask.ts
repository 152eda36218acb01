import { formatHostPort, type OwnFlag, readSecretFile, type SettingField, SettingsError } from '../settings/index.ts';
import type { Context } from './command.ts';
import { printable } from './terminal-text.ts';

/** Which control plane is asked. */
export const adminFlag: OwnFlag = {
  name: 'admin',
  kind: 'single',
  placeholder: 'URL',
  description:
    'The control plane to ask, by its admin address. Default: that of the setting admin, http://127.0.0.1:19000.',
  accepts: 'a URL, for example http://127.0.0.1:19000',
};

/** The control plane did not answer, or not what was asked for: its message is a sentence. */
export class NoAnswer extends Error {}

/** A running control plane, and what opens its door. */
export interface Asked {
  readonly url: string;
  readonly token: string | undefined;
}

/** The settings by which a control plane is found, for commands that ask one. */
export const askSettings: readonly SettingField[] = ['config', 'adminToken'];

/**
 * Which control plane the flag `--admin` means, or else the setting.
 *
 * @throws {SettingsError} if the flag is no URL, or the token's file cannot be read.
 */
export function askedIn({ flags, settings }: Pick<Context, 'flags' | 'settings'>): Asked {
  const { admin, adminToken } = settings;
  const token = adminToken === undefined ? undefined : readSecretFile(adminToken, 'admin-token');
  const [given] = flags.get('admin') ?? [];
  if (given !== undefined) {
    if (!/^https?:\/\/[^/?#\s]+\/?$/.test(given) || !URL.canParse(given)) {
      throw new SettingsError([`flag --admin: "${given}" is no URL; write one such as http://127.0.0.1:19000.`]);
    }
    return { url: given.replace(/\/$/, ''), token };
  }
  // Where a server listens for everybody, this machine reaches it under its own address.
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[admin.host] ?? admin.host;
  return { url: `http://${formatHostPort({ ...admin, host })}`, token };
}

/**
 * What a running control plane answers to a GET.
 *
 * @param path with its query.
 * @throws {NoAnswer} with what to do about it.
 */
export async function ask({ url, token }: Asked, path: string, signal?: AbortSignal): Promise<unknown> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const options = { headers, redirect: 'manual', ...(signal && { signal }) } as const;
  const response = await fetch(new URL(path, url), options).catch((error: Error) => {
    signal?.throwIfAborted();
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new NoAnswer(
      `no control plane answers at ${url}: ${reason}. Name another with --admin; to one in a cluster there is a way by ` +
        '"kubectl -n shunt-system port-forward service/shunt 19000".',
    );
  });
  if (response.status === 431) throw new NoAnswer(`the question is too long to ask ${url}.`);
  const answer = (await response.json().catch(() => undefined)) as object | undefined;
  if (typeof answer === 'object' && answer !== null) {
    if (response.status === 401) throw new NoAnswer(`${url} wants a token; name its file with --admin-token.`);
    if ('error' in answer) throw new NoAnswer(`${url} answers: ${printable(String(answer.error))}`);
    if (response.ok) return answer;
  }
  throw new NoAnswer(
    `${url} answers ${response.status}, and not what was asked: is it the admin address of shunt serve?`,
  );
}
