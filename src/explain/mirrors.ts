import type { DecodedTypes } from '../protos/index.ts';
import { readMirrorClusterName } from '../translate/mirror.ts';
import type { Copied, Step } from './explanation.ts';

type Route = DecodedTypes['envoy.config.route.v3.Route'];

/** The previews that a route's requests are copied to. */
export function copiesOf({ route }: Route): readonly Copied[] {
  return route!.request_mirror_policies.map(({ cluster, runtime_fraction }) => ({
    preview: readMirrorClusterName(cluster!),
    percentage: (runtime_fraction?.default_value?.numerator ?? 1_000_000) / 10_000,
  }));
}

export function copySteps(copies: readonly Copied[]): readonly Step[] {
  return copies.map(({ preview, percentage }) => {
    const share = percentage === 100 ? 'A copy' : `A copy of ${percentage} % of such requests`;
    return { about: 'mirror', result: 'note', text: `${share} goes to Service ${preview}, whose answer nobody sees.` };
  });
}
