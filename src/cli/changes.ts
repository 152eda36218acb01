import type { PreviewStatus, ResourceStatus, ServiceStatus } from '../status/index.ts';
import { isInForce } from './preview-words.ts';
import type { Side } from './world-side.ts';

/** What becomes of an object or a resource. */
export interface Change {
  readonly change: 'added' | 'removed' | 'changed';
  readonly what: string;
  /** For an object, in words. */
  readonly says: string;
}

/** What becomes of previews and Services. */
export function objectChanges(before: Side, after: Side): readonly Change[] {
  return [
    ...changesOf(before.services, after.services, ({ object }) => object, serviceFacts, 'may be intercepted'),
    ...changesOf(before.previews, after.previews, ({ object }) => object, previewFacts, 'is a preview'),
  ];
}

/** The resources that are not the same on both sides. */
export function resourceChanges(
  before: Side,
  after: Side,
): readonly { readonly before?: ResourceStatus | undefined; readonly after?: ResourceStatus | undefined }[] {
  const pairs = paired(before.resources, after.resources, ({ typeUrl, name }) => `${typeUrl} ${name}`);
  return pairs.filter((pair) => pair.before?.version !== pair.after?.version);
}

type Facts = Readonly<Record<string, string>>;

function serviceFacts({ hosts, ports, endpoints }: ServiceStatus): Facts {
  return {
    ports: ports.map(({ port, protocol }) => `${port} ${protocol}`).join(', '),
    hosts: hosts.join(', '),
    endpoints: `${endpoints}`,
  };
}

function previewFacts({ baseline, key, hasRule, state, endpoints, problems }: PreviewStatus): Facts {
  return {
    baseline: baseline ?? '',
    key: key ?? '',
    rule: hasRule ? 'yes' : 'no',
    state: isInForce(state) ? 'in force' : `not in force (${problems.map(({ message }) => message).join('; ')})`,
    endpoints: `${endpoints}`,
  };
}

function changesOf<T>(
  before: readonly T[],
  after: readonly T[],
  nameOf: (object: T) => string,
  factsOf: (object: T) => Facts,
  being: string,
): readonly Change[] {
  return paired(before, after, nameOf).flatMap((pair): readonly Change[] => {
    const [from, to] = [pair.before && factsOf(pair.before), pair.after && factsOf(pair.after)];
    const what = nameOf((pair.after ?? pair.before)!);
    if (from === undefined) return [{ change: 'added', what, says: `${being}: ${list(to!)}` }];
    if (to === undefined) return [{ change: 'removed', what, says: `no longer ${being}; it had ${list(from)}` }];
    const differing = Object.keys(to).filter((fact) => from[fact] !== to[fact]);
    if (differing.length === 0) return [];
    const says = differing.map((fact) => `${fact} ${from[fact] || 'none'} → ${to[fact] || 'none'}`).join(', ');
    return [{ change: 'changed', what, says }];
  });
}

function list(facts: Facts): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== '')
    .map(([fact, value]) => `${fact} ${value}`)
    .join(', ');
}

/** In the order of the later side, then what is gone. */
function paired<T>(
  before: readonly T[],
  after: readonly T[],
  nameOf: (object: T) => string,
): readonly { readonly before?: T | undefined; readonly after?: T | undefined }[] {
  const known = new Map(before.map((object) => [nameOf(object), object]));
  const kept = new Set(after.map(nameOf));
  return [
    ...after.map((object) => ({ before: known.get(nameOf(object)), after: object })),
    ...before.filter((object) => !kept.has(nameOf(object))).map((object) => ({ before: object })),
  ];
}
