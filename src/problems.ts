/**
 * What is wrong with an object, as a sentence for the person who can mend it. Problems are values: a room returns them
 * beside its result, and `ProblemLog` says each once when it comes and once when it is mended.
 */
export interface Problem {
  /** Stable, for searching and for metrics. */
  readonly code: ProblemCode;
  /** The object at fault: `Service shop/api-pr-123`, or a file's path where there is no object yet. */
  readonly object: string;
  /** `file:line` where the object stands, if it came from a file. */
  readonly place?: string | undefined;
  /** What is wrong, quoting the value at fault. */
  readonly message: string;
  /** What to write instead. */
  readonly advice: string;
}

export type ProblemCode =
  | 'manifest-unreadable'
  | 'manifest-invalid'
  | 'object-duplicate'
  | 'name-unresolved'
  | 'source-unreachable'
  | 'right-missing'
  | 'source-stale'
  | 'state-unusable'
  | 'state-unsaved'
  | 'annotation-unknown'
  | 'role-invalid'
  | 'host-invalid'
  | 'host-taken'
  | 'host-impossible'
  | 'name-shared'
  | 'namespace-invalid'
  | 'key-invalid'
  | 'key-taken'
  | 'keys-too-many'
  | 'match-invalid'
  | 'life-invalid'
  | 'when-unready-invalid'
  | 'mode-invalid'
  | 'percentage-invalid'
  | 'mirrors-too-many'
  | 'expired'
  | 'target-invalid'
  | 'baseline-missing'
  | 'baseline-refuses'
  | 'port-unsupported'
  | 'port-missing'
  | 'protocols-too-many'
  | 'address-shared'
  | 'host-network'
  | 'baseline-empty'
  | 'gateway-loop'
  | 'endpoints-missing'
  | 'rule-hidden'
  | 'rule-partly-hidden'
  | 'rules-too-many'
  | 'gateway-refuses'
  | 'announcement-unwritten';

/** One line for logs and terminals. */
export function formatProblem(problem: Problem): string {
  const where = problem.place === undefined ? problem.object : `${problem.object} (${problem.place})`;
  return `${where}: ${problem.message} ${problem.advice}`;
}

/** Longest text of a value that a message repeats, in characters. */
const LONGEST_QUOTE = 100;

/** A value as a message shows it: scalars as written in JSON, cut if they are long; other values by what they are. */
export function quote(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return `${value}`;
  return JSON.stringify(value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value);
}
