import { type ObjectApi, RequestFailure } from '../../../src/sources/kubernetes/index.ts';

type Fields = Record<string, unknown>;

/** An API server that keeps objects by their paths, and says no where a test wants it to. */
export class MemoryApi implements ObjectApi {
  readonly objects = new Map<string, Fields>();
  /** All that was sent: `PUT /path`. */
  readonly sent: string[] = [];
  /** The status to answer with, in place of anything else. */
  refusal: number | undefined;
  #version = 0;

  async get(path: string): Promise<Fields> {
    this.#mayRefuse();
    const [plain, query] = path.split('?') as [string, string?];
    if (query !== undefined) return { items: [{ metadata: { uid: 'uid' } }] };
    return this.objects.get(plain) ?? refuse(404);
  }

  async send(how: 'POST' | 'PUT' | 'MERGE' | 'APPLY', path: string, object: object): Promise<Fields> {
    const [plain] = path.split('?') as [string];
    this.sent.push(`${how} ${plain}`);
    this.#mayRefuse();
    const before = this.objects.get(plain);
    const now = object as { readonly metadata?: Fields };
    if (how === 'POST') return this.#keep(`${plain}/${now.metadata!.name}`, now as Fields);
    const version = now.metadata?.resourceVersion;
    if (how === 'PUT' && before !== undefined && (before.metadata as Fields).resourceVersion !== version) refuse(409);
    if (how !== 'MERGE') return this.#keep(plain, now as Fields);
    if (before === undefined) refuse(404);
    return this.#keep(plain, { ...before, ...now });
  }

  #keep(path: string, object: Fields): Fields {
    const kept = { ...object, metadata: { ...(object.metadata as Fields), resourceVersion: `${++this.#version}` } };
    this.objects.set(path, kept);
    return kept;
  }

  #mayRefuse(): void {
    if (this.refusal !== undefined) refuse(this.refusal);
  }
}

function refuse(status: number): never {
  throw new RequestFailure({ kind: 'refused', status, reason: 'no', retryAfterMs: 0 });
}
