import { matchText } from '../catalog/match.ts';
import type { Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import type { BaselineIntercepts } from '../intercepts/intercept.ts';
import { resolveIntercepts } from '../intercepts/resolve.ts';
import { readClusterName } from '../translate/cluster.ts';
import { METADATA } from '../translate/gateway.ts';
import { SET_RULE } from '../translate/hand-on.ts';
import { answeredStep } from './answered.ts';
import { type Carried, carriedKeys, carrierSteps, ignoredSteps } from './carriers.ts';
import { chooseRoute } from './envoy/choose-route.ts';
import { connectionManager, metadataOf } from './envoy/filters.ts';
import { type Choice, chooseEndpoints } from './envoy/load-balancer.ts';
import type { SeenRequest } from './envoy/request.ts';
import { findVirtualHost } from './envoy/virtual-host.ts';
import type { Cause, Explanation, Outcome, Step } from './explanation.ts';
import { hostFound, hostUnknown, pathUnknown } from './host.ts';
import { keyLost, keyTaken, notReady, previewOfKey } from './keys.ts';
import { copiesOf, copySteps } from './mirrors.ts';
import { ruleSteps } from './rules.ts';
import { asTrusted, chooseListener, trustSteps } from './trust.ts';
import { Configuration, type World } from './world.ts';

/**
 * Says where the gateways send a request, and why.
 *
 * Where it goes is decided by the very resources that the gateways get: `envoy/` does with them what an Envoy does, as far
 * as `translate` uses it, and refuses what it does not know. A second reading of the intercepts could agree with the
 * first and both be wrong about Envoy; this one is compared with a real Envoy, request by request. The intercepts are asked
 * for words only: which rules there were, and whose key it is.
 */
export function explain(world: World, request: SeenRequest, namespace?: string): Explanation {
  const { catalog, options } = world;
  const configuration = new Configuration(world, namespace);
  const listeners = configuration.listeners();
  const conclude = (outcome: Outcome, steps: readonly Step[]): Explanation => ({
    request: { method: request.method, host: request.authority, path: request.path },
    gateway: { listeners, namespace },
    outcome,
    steps,
  });

  const { name, routes } = chooseListener(options);
  const manager = connectionManager(configuration.listener(name));
  const seen = asTrusted(request, routes);
  const trust = trustSteps(options);

  const found = findVirtualHost(configuration.routes(manager.rds!.route_config_name!), request.authority);
  if (found === undefined) {
    return conclude({ kind: 'nothing', status: 404 }, hostUnknown(request, namespace, catalog, options));
  }
  const route = chooseRoute(found.host, manager, seen);
  if (route === undefined) return conclude({ kind: 'nothing', status: 404 }, pathUnknown(request, found, catalog));

  if (route.direct_response) return conclude({ kind: 'gateway' }, [answeredStep(route, options)]);

  const cluster = route.route!.cluster!;
  const target = readClusterName(cluster);
  const { intercepts, problems } = resolveIntercepts(target.baseline, catalog, options.carriers);
  const { baseline } = intercepts!;
  const port = baseline.ports.find((each) => each.port === target.port)!;

  const carried = carriedKeys(metadataOf(manager, request, route, SET_RULE), options);
  const metadata = new Map(
    metadataOf(manager, request, route).flatMap(({ space, key, value }) =>
      space === METADATA.loadBalancer ? [[key, value]] : [],
    ),
  );
  const behind = (listener: string) => {
    const [host] = connectionManager(configuration.listener(listener)).route_config!.virtual_hosts;
    return configuration.endpoints(host!.routes[0]!.route!.cluster!);
  };
  const choice = chooseEndpoints(configuration.cluster(cluster), configuration.endpoints(cluster), metadata, behind);
  const subset = metadata.get(METADATA.preview);
  const ruled = intercepts!.intercepts.find(({ rule }) => rule !== undefined && rule.subset === subset)?.preview;
  const wanted = ruled ?? (subset === undefined ? undefined : previewOfKey(intercepts!, subset));
  const { entries, bridges } = intercepts!.ports.find((each) => each.port === port)!;
  const own = entries.filter((entry) =>
    choice.endpoints.some((at) => at.address === entry.address && at.port === entry.port),
  );
  const byPreview =
    choice.named &&
    (own.some((entry) => !entry.baseline) || bridges.some(({ subsets }) => subsets.includes(subset ?? '')));

  const waiting = catalog
    .previewsOf(baseline.id)
    .filter((each) => !intercepts!.intercepts.some(({ preview }) => preview === each));
  const steps = [
    ...trust,
    ...hostFound(request, found, baseline, port),
    ...(routes === 'untrusted' || routes === 'claimed'
      ? []
      : carriesHost(found.domain, options.previewDomain)
        ? urlSteps(intercepts!)
        : ruleSteps(intercepts!, ruled, waiting, problems, request)),
    ...(routes === 'untrusted' || routes === 'claimed' ? [] : ignoredSteps(request, options)),
    ...carrierSteps(carried, ruled !== undefined),
  ];
  if (ruled !== undefined && !byPreview) {
    steps.push({ about: 'rule', result: 'no', text: notReady(undefined, ruled, baseline, port, catalog, problems) });
  }
  if (ruled === undefined && subset !== undefined) {
    steps.push(
      ...(byPreview
        ? keyTaken(subset, wanted!, baseline)
        : keyLost(subset, intercepts!, port, wanted, problems, catalog)),
    );
  }
  const denied = choice.named && choice.endpoints.length === 0 ? describe(wanted!) : undefined;
  steps.push(
    denied !== undefined
      ? { about: 'endpoints', result: 'no', text: deniedText(wanted!) }
      : endpointStep(choice, byPreview ? describe(wanted!) : describe(baseline)),
  );
  const copies = copiesOf(route);
  steps.push(...copySteps(copies));
  if (choice.endpoints.length === 0) {
    return conclude({ kind: 'nothing', status: 503, baseline: baseline.id, preview: denied }, steps);
  }
  return conclude(
    {
      kind: byPreview ? 'preview' : 'baseline',
      baseline: baseline.id,
      port: port.port,
      preview: byPreview ? describe(wanted!) : undefined,
      by: byPreview ? causeOf(ruled, wanted!, carried[0]) : undefined,
      servedBy: [...new Set(choice.endpoints.map(({ hostname }) => hostname))].sort(),
      endpoints: choice.endpoints.map(addressOf),
      copies: copies.length === 0 ? undefined : copies,
    },
    steps,
  );
}

function carriesHost(domain: string, previewDomain: string): boolean {
  return domain.startsWith('*--') && domain.endsWith(`.${previewDomain}`);
}

function urlSteps({ rules }: BaselineIntercepts): readonly Step[] {
  if (rules.length === 0) return [];
  return [{ about: 'rule', result: 'no', text: 'A preview URL names its preview, so no rule is asked.' }];
}

function causeOf(ruled: Preview | undefined, preview: Preview, carried: Carried | undefined): Cause {
  if (ruled !== undefined) return { kind: 'rule', match: matchText(ruled.match!) };
  const { key, kind } = carried!;
  return { kind: 'key', key, carrier: kind, inheritedFrom: preview.key === key ? undefined : preview.key };
}

function deniedText(preview: Preview): string {
  return `${describe(preview)} has shunt.dev/when-unready: deny, so nobody serves: the gateway answers with 503.`;
}

function endpointStep({ endpoints }: Choice, whose: string): Step {
  if (endpoints.length === 0) {
    return {
      about: 'endpoints',
      result: 'no',
      text: `${whose} has no endpoints that are ready: the gateway answers with 503.`,
    };
  }
  const some = endpoints.slice(0, LISTED).map(addressOf).join(', ');
  const more = endpoints.length > LISTED ? ` and ${endpoints.length - LISTED} more` : '';
  return { about: 'endpoints', result: 'yes', text: `${whose} serves, at ${some}${more}.` };
}

/** How many addresses a sentence names. */
const LISTED = 5;

function addressOf({ address, port }: Choice['endpoints'][number]): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
