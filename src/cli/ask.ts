import { formatHostPort, type OwnFlag, type Settings, SettingsError } from '../settings/index.ts';
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

/**
 * Where the control plane answers.
 *
 * @throws {SettingsError} if the flag is no URL.
 */
export function adminUrl(flags: ReadonlyMap<string, readonly string[]>, { admin }: Pick<Settings, 'admin'>): string {
  const [given] = flags.get('admin') ?? [];
  if (given !== undefined) {
    if (!/^https?:\/\/[^/?#\s]+\/?$/.test(given) || !URL.canParse(given)) {
      throw new SettingsError([`flag --admin: "${given}" is no URL; write one such as http://127.0.0.1:19000.`]);
    }
    return given.replace(/\/$/, '');
  }
  // Where a server listens for everybody, this machine reaches it under its own address.
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[admin.host] ?? admin.host;
  return `http://${formatHostPort({ ...admin, host })}`;
}

/**
 * What a running control plane answers to a GET.
 *
 * @param path with its query.
 * @throws {NoAnswer} with what to do about it.
 */
export async function ask(admin: string, path: string, signal?: AbortSignal): Promise<unknown> {
  const response = await fetch(new URL(path, admin), { ...(signal && { signal }) }).catch((error: Error) => {
    signal?.throwIfAborted();
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new NoAnswer(
      `no control plane answers at ${admin}: ${reason}. Name another with --admin; to one in a cluster there is a way by ` +
        '"kubectl --namespace shunt-system port-forward deployment/shunt 19000".',
    );
  });
  if (response.status === 431) throw new NoAnswer(`the question is too long to ask ${admin}.`);
  const answer = (await response.json().catch(() => undefined)) as object | undefined;
  if (typeof answer === 'object' && answer !== null) {
    if ('error' in answer) throw new NoAnswer(`${admin} answers: ${printable(String(answer.error))}`);
    if (response.ok) return answer;
  }
  throw new NoAnswer(
    `${admin} answers ${response.status}, and not what was asked: is it the admin address of shunt serve?`,
  );
}
