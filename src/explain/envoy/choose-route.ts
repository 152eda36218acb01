import type { DecodedTypes } from '../../protos/index.ts';
import { choosesAnew, metadataOf } from './filters.ts';
import type { SeenRequest } from './request.ts';
import { matchesRoute } from './route-match.ts';

type Route = DecodedTypes['envoy.config.route.v3.Route'];
type VirtualHost = DecodedTypes['envoy.config.route.v3.VirtualHost'];

/** The route of a request: the first that takes it, chosen a second time if a filter of that route asks for it. */
export function chooseRoute(
  { routes }: VirtualHost,
  manager: Parameters<typeof choosesAnew>[0],
  request: SeenRequest,
): Route | undefined {
  const first = routes.find(({ match }) => matchesRoute(match!, request));
  if (first === undefined || !choosesAnew(manager, first)) return first;
  const written = metadataOf(manager, request, first);
  const metadata = (space: string, key: string) =>
    written.findLast((each) => each.space === space && each.key === key)?.value;
  return routes.find(({ match }) => matchesRoute(match!, request, metadata));
}
