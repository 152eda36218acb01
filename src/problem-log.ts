import type { Problem } from './problems.ts';
import { formatProblem } from './problems.ts';

/** The part of a logger that problems need. */
export interface ProblemSink {
  /** A new problem. */
  warn(fields: object, sentence: string): void;
  /** One that is gone. */
  info(fields: object, sentence: string): void;
}

/** Says each problem once when it comes and once when it is gone, however often its object is read again. */
export class ProblemLog {
  readonly #log: ProblemSink;
  readonly #byOrigin = new Map<string, ReadonlyMap<string, Problem>>();

  constructor(log: ProblemSink) {
    this.#log = log;
  }

  /** @param problems all that is wrong with `origin` at present; replaces what was said of it before. */
  report(origin: string, problems: readonly Problem[]): void {
    const before = this.#byOrigin.get(origin) ?? new Map<string, Problem>();
    const now = new Map(problems.map((problem) => [identityOf(problem), problem]));
    if (now.size === 0) this.#byOrigin.delete(origin);
    else this.#byOrigin.set(origin, now);

    for (const [identity, problem] of now) {
      if (!before.has(identity)) this.#log.warn({ problem }, formatProblem(problem));
    }
    for (const [identity, problem] of before) {
      if (now.has(identity)) continue;
      const { code, object } = problem;
      this.#log.info({ mended: problem }, `${object}: mended or gone (${code}): ${problem.message}`);
    }
  }

  /** All that is wrong at present. */
  current(): readonly Problem[] {
    return [...this.#byOrigin.values()].flatMap((problems) => [...problems.values()]);
  }
}

/** The place is left out: a problem that moved by a line is the same problem. */
function identityOf({ code, object, message, advice }: Problem): string {
  return JSON.stringify([code, object, message, advice]);
}
