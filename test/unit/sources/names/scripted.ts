import type { Problem } from '../../../../src/problems.ts';
import { readObject } from '../../../../src/sources/manifests/index.ts';
import type { Resolution, Resolver } from '../../../../src/sources/names/index.ts';
import type { ObjectRef, Source, SourceRecord, SourceSink } from '../../../../src/sources/source.ts';
import type { Manifest } from '../objects.ts';

/** A source that says what a test tells it to. */
export class ScriptedSource implements Source {
  stopped = false;
  /** What it was started with. */
  lastKnown: readonly SourceRecord[] | undefined;
  #sink: SourceSink | undefined;
  readonly #first: readonly Manifest[];

  constructor(...first: readonly Manifest[]) {
    this.#first = first;
  }

  async check(): Promise<void> {}

  async start(sink: SourceSink, lastKnown?: readonly SourceRecord[]): Promise<void> {
    this.lastKnown = lastKnown;
    this.#sink = sink;
    this.say(this.#first);
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }

  say(objects: readonly Manifest[], deletes: readonly ObjectRef[] = []): void {
    const upserts = objects.map((object) => readObject(object, 'shop.yaml:1').record!);
    this.#sink!.changed({ upserts, deletes });
  }

  complain(origin: string, problems: readonly Problem[]): void {
    this.#sink!.problems(origin, problems);
  }
}

/** Answers for names until told otherwise; a name without an answer does not exist, and `never` gives none. */
export class ScriptedResolver implements Resolver {
  readonly asked: string[] = [];
  readonly #answers = new Map<string, Resolution | 'never' | Error>();

  answer(name: string, addresses: readonly string[], ttlSeconds = 60): this {
    const resolved = addresses.map((address) => ({
      address,
      family: address.includes(':') ? ('IPv6' as const) : ('IPv4' as const),
    }));
    this.#answers.set(name, { addresses: resolved, ttlSeconds });
    return this;
  }

  fail(name: string, code = 'ENOTFOUND'): this {
    this.#answers.set(name, Object.assign(new Error(`query ${code} ${name}`), { code }));
    return this;
  }

  never(name: string): this {
    this.#answers.set(name, 'never');
    return this;
  }

  async resolve(name: string): Promise<Resolution> {
    this.asked.push(name);
    const answer = this.#answers.get(name);
    if (answer === 'never') return new Promise(() => {});
    if (answer === undefined) throw Object.assign(new Error(`query ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    if (answer instanceof Error) throw answer;
    return answer;
  }
}
