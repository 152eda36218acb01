import type { CatalogView } from '../catalog/catalog.ts';
import type { Problem } from '../problems.ts';
import type { Receipts } from '../receipts/index.ts';
import type { ClientStatus } from '../xds/index.ts';

/** What the status of things is told from. Nothing in it is changed by looking at it. */
export interface State {
  readonly catalog: CatalogView;
  readonly receipts: Pick<Receipts, 'of' | 'gateways'>;
  /** All that is wrong at present. */
  readonly problems: () => readonly Problem[];
  /** The connected clients of the xDS server. */
  readonly clients: () => readonly ClientStatus[];
}

/** What is wrong, for people. */
export interface ProblemStatus {
  readonly code: string;
  readonly message: string;
  /** What to write instead. */
  readonly advice: string;
}

/** Problems by the objects that they are told of. */
export function problemsByObject(problems: readonly Problem[]): ReadonlyMap<string, readonly ProblemStatus[]> {
  const byObject = new Map<string, ProblemStatus[]>();
  for (const { code, object, message, advice } of problems) {
    const of = byObject.get(object) ?? [];
    byObject.set(object, of);
    of.push({ code, message, advice });
  }
  return byObject;
}
