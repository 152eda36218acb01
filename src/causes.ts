import { describe } from './catalog/model.ts';
import type { BaselineIntercepts } from './intercepts/intercept.ts';
import type { ResourceName } from './resources/index.ts';
import { refKey, type SourceChange, type SourceRecord } from './sources/source.ts';

/** What a cause is sought among: the intercepts of a baseline and the resources that these became. */
export interface Origin {
  readonly intercepts: BaselineIntercepts;
  readonly resources: readonly ResourceName[];
}

/** Of more objects than these, nobody would look at each. */
const NAMED = 10;

/** Remembers which objects made each resource what it is: those whose change it last changed with. */
export class Causes {
  readonly #last = new Map<string, readonly string[]>();

  /** @param objects what a step changed, as `changedObjects` names it. */
  changed(objects: readonly string[], typeUrl: string, names: readonly string[]): void {
    for (const name of names) {
      if (objects.length <= NAMED) this.#last.set(keyOf({ typeUrl, name }), objects);
      else this.#last.delete(keyOf({ typeUrl, name }));
    }
  }

  removed(resources: readonly ResourceName[]): void {
    for (const resource of resources) this.#last.delete(keyOf(resource));
  }

  /**
   * The objects that a resource is due to, as `Service shop/api`: those of its last change, as far as it is made of them;
   * after a start, which knows of no change, all that it is made of; none if those are too many to tell.
   */
  of(resource: ResourceName, origins: Iterable<Origin>): readonly string[] {
    const last = this.#last.get(keyOf(resource));
    const all = [...origins];
    const own = all.find(({ resources }) => resources.some((each) => keyOf(each) === keyOf(resource)));
    const [concerned, first] = own === undefined ? [all.flatMap(ruled), []] : partsOf(own.intercepts);
    const made = [...first, ...concerned];
    const changed = last?.filter((object) => own === undefined || made.includes(object)) ?? [];
    if (changed.length > 0) return changed;
    return made.length <= NAMED ? made : first;
  }
}

/** Of one baseline: its previews, and itself. */
function partsOf({ baseline, intercepts, ports }: BaselineIntercepts): readonly [readonly string[], readonly string[]] {
  const previews = [
    ...intercepts.map(({ preview }) => preview),
    ...ports.flatMap(({ mirrors }) => mirrors.map(({ preview }) => preview)),
  ];
  return [[...new Set(previews.map(describe))], [describe(baseline)]];
}

/** What routes are made of, besides the names of baselines: the previews with a rule. */
function ruled({ intercepts }: Origin): readonly string[] {
  return intercepts.intercepts.flatMap(({ preview, rule }) => (rule === undefined ? [] : describe(preview)));
}

/** The objects that people write whose change a step of the source tells: for a Pod its owner, for a slice its Service. */
export function changedObjects({ upserts, deletes }: SourceChange): readonly string[] {
  return [...new Set([...upserts.map(writtenFor), ...deletes.map(refKey)])];
}

function writtenFor(record: SourceRecord): string {
  switch (record.kind) {
    case 'Service':
      return refKey(record);
    case 'EndpointSlice':
      return describe({ ...record, kind: 'Service', name: record.service, id: '' });
    case 'Pod':
      return record.owner === undefined ? refKey(record) : describe({ ...record, ...record.owner, id: '' });
    default:
      return record satisfies never;
  }
}

function keyOf({ typeUrl, name }: ResourceName): string {
  return `${typeUrl} ${name}`;
}
