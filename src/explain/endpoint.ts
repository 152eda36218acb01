import { explain } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { RequestError, readRequest, type WrittenRequest } from './request.ts';
import type { World } from './world.ts';

/** Where a running control plane answers. */
export const EXPLAIN_PATH = '/api/v1/explain';

/** The query that asks a running control plane, `header` once for each. */
export function explainQuery({ method, url, headers }: WrittenRequest, namespace: string | undefined): URLSearchParams {
  return new URLSearchParams([
    ['method', method],
    ['url', url],
    ...headers.map((header) => ['header', header]),
    ...(namespace === undefined ? [] : [['gateway-namespace', namespace]]),
  ]);
}

/** An explanation with status 200; or 400 with what is wrong with the question, for people. */
export function answerExplain(
  world: World,
  query: URLSearchParams,
): { readonly status: number; readonly body: Explanation | { readonly error: string } } {
  try {
    const namespace = one(query, 'gateway-namespace');
    const unknown = [...query.keys()].find((name) => !PARAMETERS.includes(name));
    if (unknown !== undefined) {
      throw new RequestError(`there is no parameter ${JSON.stringify(unknown)}; write ${PARAMETERS.join(', ')}.`);
    }
    const url = one(query, 'url');
    if (url === undefined) throw new RequestError('the parameter url is missing; write ?url=http://HOST/PATH.');
    const request = readRequest({ method: one(query, 'method') ?? 'GET', url, headers: query.getAll('header') });
    return { status: 200, body: explain(world, request, namespace) };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { status: 400, body: { error: error.message } };
  }
}

const PARAMETERS = ['method', 'url', 'header', 'gateway-namespace'];

function one(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1)
    throw new RequestError(`the parameter ${name} is given ${values.length} times; write it once.`);
  return values[0];
}
