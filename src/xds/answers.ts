import type { NamedVersion, Refusal } from './protocol.ts';

/** An update that a client refused. */
export interface RefusedUpdate {
  /** Undefined for a removal. */
  readonly version: string | undefined;
  readonly error: Refusal;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** So many names are kept before it is asked which of them still matter. */
const ROOM = 1024;

/**
 * When a client accepted what it has of one type, and what it refused last: the state machine knows no clock. What came
 * with the first answer, most often all there is, costs nothing by name.
 */
export class Answers {
  readonly #wants: (name: string) => boolean;
  #firstAt: number | undefined;
  readonly #laterAt = new Map<string, number>();
  readonly #refused = new Map<string, RefusedUpdate>();
  #room = ROOM;

  /** @param wants whether the client still wants a name; what it does not is forgotten sooner or later. */
  constructor(wants: (name: string) => boolean) {
    this.#wants = wants;
  }

  /** @param at milliseconds since the epoch. */
  accept(changes: readonly NamedVersion[], at: number): void {
    const first = this.#firstAt === undefined;
    this.#firstAt ??= at;
    for (const { name, version } of changes) {
      this.#refused.delete(name);
      if (version === undefined || first) this.#laterAt.delete(name);
      else this.#laterAt.set(name, at);
    }
    this.#tidy();
  }

  /** @param at milliseconds since the epoch. */
  refuse(changes: readonly NamedVersion[], error: Refusal, at: number): void {
    for (const { name, version } of changes) this.#refused.set(name, { version, error, at });
    this.#tidy();
  }

  /** When the client accepted what it has under this name, in milliseconds since the epoch. */
  acceptedAt(name: string): number | undefined {
    return this.#laterAt.get(name) ?? this.#firstAt;
  }

  /** The latest update, if the client refused it and has not accepted another since. */
  refused(name: string): RefusedUpdate | undefined {
    return this.#refused.get(name);
  }

  #tidy(): void {
    if (this.#laterAt.size + this.#refused.size <= this.#room) return;
    for (const names of [this.#laterAt, this.#refused]) {
      for (const name of names.keys()) if (!this.#wants(name)) names.delete(name);
    }
    this.#room = Math.max(ROOM, 2 * (this.#laterAt.size + this.#refused.size));
  }
}
