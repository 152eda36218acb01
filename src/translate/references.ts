import type { MessageTypes } from '../protos/index.ts';

type RouteConfiguration = MessageTypes['envoy.config.route.v3.RouteConfiguration'];
type MirrorPolicies = RouteConfiguration['request_mirror_policies'];

/** The names of all clusters that routes send requests to, or copies of requests. */
export function referencesOf(routes: RouteConfiguration): ReadonlySet<string> {
  const names = new Set<string>();
  const note = (name: string | undefined) => {
    if (name) names.add(name);
  };
  const noteMirrors = (policies: MirrorPolicies) => {
    for (const { cluster } of policies ?? []) note(cluster);
  };
  noteMirrors(routes.request_mirror_policies);
  for (const host of routes.virtual_hosts ?? []) {
    noteMirrors(host.request_mirror_policies);
    for (const { route } of host.routes ?? []) {
      note(route?.cluster);
      noteMirrors(route?.request_mirror_policies);
    }
  }
  return names;
}
