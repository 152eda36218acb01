import { describe } from '../catalog/model.ts';
import { compareText } from '../intercepts/precedence.ts';
import { type ProblemStatus, problemsByObject, type State } from './state.ts';

/** A Service that may be intercepted. */
export interface ServiceStatus {
  /** `Service shop/api`. */
  readonly object: string;
  readonly namespace: string;
  readonly name: string;
  /** The names that callers outside the cluster use, with the path prefixes that they cover. */
  readonly hosts: readonly string[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  /** How many addresses are ready, of its first port. */
  readonly endpoints: number;
  /** The previews that name it, in force or not, as `kind namespace/name`. */
  readonly previews: readonly string[];
  readonly problems: readonly ProblemStatus[];
}

/** All baselines, in the order of their names. */
export function serviceStatuses({ catalog, problems }: State): readonly ServiceStatus[] {
  const wrong = problemsByObject(problems());
  const ordered = [...catalog.baselines()].sort((a, b) => compareText(a.id, b.id));
  return ordered.map((baseline) => {
    const { id, namespace, name, hosts, ports } = baseline;
    const first = ports[0];
    const endpoints = first === undefined ? [] : catalog.endpoints(id, first);
    return {
      object: describe(baseline),
      namespace,
      name,
      hosts: hosts.map(({ host, pathPrefix }) => (pathPrefix === '/' ? host : host + pathPrefix)),
      ports: ports.map((port) => ({ name: port.name, port: port.port, protocol: port.protocol })),
      endpoints: endpoints.filter(({ usable }) => usable).length,
      previews: catalog.previewsOf(id).map(describe).sort(compareText),
      problems: wrong.get(describe(baseline)) ?? [],
    };
  });
}
