import { askWith, type Request } from './api.ts';
import { parseObject } from './json.ts';
import { type KubeConfigChoice, loadKubeConfig } from './kubeconfig.ts';

/** How to send an object: `MERGE` changes the fields that it has (RFC 7396), `APPLY` creates it or makes them its own. */
export type Sending = 'POST' | 'PUT' | 'MERGE' | 'APPLY';

/** Reads and writes single objects. */
export interface ObjectApi {
  /**
   * @param path with its query, below the cluster's `server`.
   * @returns the answer.
   * @throws RequestFailure, for any other answer than a success, or none.
   */
  get(path: string): Promise<Readonly<Record<string, unknown>>>;
  /** The same, with an object. */
  send(how: Sending, path: string, object: object): Promise<Readonly<Record<string, unknown>>>;
}

/** An API server answers within its own limit of a minute; what is written here may wait, and be tried again. */
const SILENCE = { answerMs: 10_000, bodyMs: 10_000 };

const CONTENT_TYPES: Readonly<Record<Sending, string>> = {
  POST: 'application/json',
  PUT: 'application/json',
  MERGE: 'application/merge-patch+json',
  APPLY: 'application/apply-patch+yaml',
};

export function objectApi(choice: KubeConfigChoice): ObjectApi {
  const ask = askWith(() => loadKubeConfig(choice));
  const answer = async (request: Request) => {
    let text = '';
    for await (const chunk of await ask(request, SILENCE, new AbortController().signal)) text += chunk;
    return parseObject(text);
  };
  return {
    get: (path) => answer({ method: 'GET', path }),
    send: (how, path, object) =>
      answer({
        method: how === 'POST' || how === 'PUT' ? how : 'PATCH',
        path,
        body: { contentType: CONTENT_TYPES[how], text: JSON.stringify(object) },
      }),
  };
}

/** The namespace of the Pod that this runs in, or of the kubeconfig's context. */
export async function ownNamespace(choice: KubeConfigChoice): Promise<string> {
  const config = await loadKubeConfig(choice);
  return config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
}
