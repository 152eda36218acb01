import { createHash } from 'node:crypto';
import type { PodRecord } from '../sources/source.ts';
import { endpointsOf } from './endpoints.ts';
import type { Labelled } from './labels.ts';
import type { Endpoint, HttpPort } from './model.ts';
import { ANNOTATIONS, LABELS } from './names.ts';

/**
 * Pods that are one preview: those of one owner with the same labels, a rollout's old and new ones together. Pods that
 * nothing controls are one preview where their labels and their match are the same.
 */
export type PodGroupId = string;

/** No Service has such an id, as none has a name with a colon. */
export function podGroupOf({ namespace, owner, labels, annotations }: PodRecord): PodGroupId {
  const match = annotations[ANNOTATIONS.match];
  const whose =
    owner === undefined
      ? `pods${match === undefined ? '' : `-${createHash('sha256').update(match).digest('hex').slice(0, 12)}`}`
      : `${owner.kind.toLowerCase()}-${owner.name}`;
  return `${namespace}/${whose}:${labels[LABELS.intercepts]}:${labels[LABELS.key] ?? ''}`;
}

/**
 * What a group says of itself: what the youngest of its Pods says, since an owner that was changed makes new ones. Its life
 * begins with the oldest.
 */
export function labelledPods(id: PodGroupId, pods: Iterable<PodRecord>): Labelled {
  const [youngest, ...others] = [...pods].sort(byAge) as [PodRecord, ...PodRecord[]];
  const { namespace, labels, annotations, owner, place } = youngest;
  const oldest = others.at(-1) ?? youngest;
  return {
    kind: owner?.kind ?? 'Pod',
    id,
    namespace,
    name: owner?.name ?? oldest.name,
    labels,
    annotations,
    bornAt: oldest.createdAt,
    place,
    onHostNetwork: [youngest, ...others].some(({ hostNetwork }) => hostNetwork),
  };
}

function byAge(a: PodRecord, b: PodRecord): number {
  return (b.createdAt ?? 0) - (a.createdAt ?? 0) || (a.name < b.name ? 1 : -1);
}

/**
 * Where a Pod listens for what a baseline's port is sent: at its target port if it tells of it, else at the port that is
 * named as the baseline's, else at its target port all the same, as containers need not tell of their ports.
 */
export function podPort({ ports }: PodRecord, { name, targetPort }: HttpPort): number | undefined {
  const own =
    ports.find((each) => each.port === targetPort || each.name === targetPort) ??
    ports.find((each) => each.name !== '' && each.name === name);
  return own?.port ?? (typeof targetPort === 'number' ? targetPort : undefined);
}

/**
 * The addresses of Pods for a baseline's port.
 *
 * @param ipv6 the family of the baseline's addresses, if it has any; a Pod without such an address has its main one.
 */
export function podEndpoints(
  pods: Iterable<PodRecord>,
  baselinePort: HttpPort,
  ipv6: boolean | undefined,
): readonly Endpoint[] {
  const found = [...pods].flatMap((pod) => {
    const { addresses, ready, terminating } = pod;
    const address = addresses.find((each) => ipv6 === undefined || each.includes(':') === ipv6) ?? addresses[0];
    const port = podPort(pod, baselinePort);
    if (address === undefined || port === undefined) return [];
    return [{ address, port, ready: ready && !terminating, serving: ready, terminating }];
  });
  return endpointsOf(found);
}
