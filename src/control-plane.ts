import { type AdminServer, type Endpoint, startAdminServer } from './admin/server.ts';
import { Announcer, type AnnouncerOptions } from './announce/index.ts';
import { clientLimits } from './client-limits.ts';
import { clientPolicy } from './client-policy.ts';
import { answerExplain, EXPLAIN_PATH } from './explain/index.ts';
import { namespaceMetadata } from './gateway/index.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics/index.ts';
import { type InterceptsFollowed, Pipeline } from './pipeline.ts';
import { ProblemLog, type ProblemSink } from './problem-log.ts';
import { formatProblem, type ProblemCode } from './problems.ts';
import {
  type InterceptsChange,
  type Receipt,
  Receipts,
  RefusedResources,
  receiptLog,
  refusalProblems,
  ridingOn,
} from './receipts/index.ts';
import { ResourceStore } from './resources/index.ts';
import {
  chooseKeyTrust,
  chooseServerTls,
  formatHostPort,
  type HostPort,
  readSecretFile,
  type Settings,
} from './settings/index.ts';
import type { Source } from './sources/source.ts';
import { previewStatuses, statusEndpoints } from './status/index.ts';
import { type GatewayOptions, ROUTES } from './translate/gateway.ts';
import { callersIn, GRPC_CLIENTS } from './translate/groups.ts';
import { LONGEST_DOMAIN_BY_DEFAULT } from './translate/key-reader.ts';
import { createXdsServer, type Node, typeUrls, type XdsEvent, type XdsServer } from './xds/index.ts';

/** Problems for which what is served is not all that it should be. */
const LACKING: ReadonlySet<ProblemCode> = new Set(['source-unreachable', 'source-stale', 'right-missing']);

/** Where to tell in a cluster how previews stand. */
export type Announcing = Pick<AnnouncerOptions, 'api' | 'namespace' | 'name'>;

/** A running control plane, from a source of objects to the Envoys. */
export interface ControlPlane {
  /** Where it serves ADS; the port is the one that it has, if 0 was asked for. */
  readonly xds: HostPort;
  /** Where it serves health and answers questions. */
  readonly admin: HostPort;
  /** Settles when the source has delivered its first full sync; rejects if the source can never work. */
  readonly ready: Promise<void>;
  /** Ends everything, telling the Envoys; they keep what they have. */
  close(): Promise<void>;
}

export interface ControlPlaneOptions {
  readonly settings: Settings;
  readonly source: Source;
  readonly log: Logger;
  /** Absent: nothing is written into any cluster. */
  readonly announcing?: Announcing | undefined;
  /** Where problems are told; by default the log. */
  readonly problemSink?: ProblemSink;
  /** Told of every event of the xDS server, for tests and for the demo. */
  readonly onEvent?: (event: XdsEvent) => void;
  /** Told when all Envoys that are connected have acknowledged an intercept. */
  readonly onReceipt?: (receipt: Receipt) => void;
}

/**
 * @throws a sentence that names the setting, if an address cannot be had or a certificate not be used; a `SettingsError` if
 *   the settings contradict each other; what the source says, if it can never work.
 */
export async function startControlPlane({
  settings,
  source,
  log,
  announcing,
  problemSink = log,
  onEvent,
  onReceipt,
}: ControlPlaneOptions): Promise<ControlPlane> {
  const tls = chooseServerTls(settings);
  const adminToken = settings.adminToken === undefined ? undefined : readSecretFile(settings.adminToken, 'admin-token');
  await source.check();
  if (tls.kind === 'plaintext' && tls.exposed) {
    log.warn(
      `The port for Envoys, ${formatHostPort(settings.xds)}, is open in plaintext to whoever reaches it, as xds-plaintext says: ` +
        'they can read all configuration, and whoever sits on the way can change it.',
    );
  }
  if (settings.keyHost && settings.previewDomain.length > LONGEST_DOMAIN_BY_DEFAULT) {
    log.warn(
      `The setting preview-domain has ${settings.previewDomain.length} characters. Of more than ${LONGEST_DOMAIN_BY_DEFAULT}, ` +
        'an Envoy whose bootstrap is not by "shunt bootstrap" or "shunt gateway" takes no listener, unless its runtime sets ' +
        're2.max_program_size.error_level to 1000.',
    );
  }
  const store = new ResourceStore();
  const problems = new ProblemLog(problemSink);
  const options = gatewayOptions(settings);
  const receipts = new Receipts({
    store,
    isGateway,
    onComplete: (receipt) => {
      metrics.receipt(receipt);
      onReceipt?.(receipt);
    },
  });
  const refused = new RefusedResources({
    store,
    onChange: (resource, now) => {
      const told = now === undefined ? [] : refusalProblems(now, pipeline.causesOf(resource));
      problems.report(`refusals of ${resource.typeUrl} ${resource.name}`, told);
    },
  });
  // Before the server's own, so that every answer finds its change known.
  store.subscribe((changes) => {
    receipts.stored(changes);
    refused.stored();
  });
  const pipeline = new Pipeline(options, store, problems, log, (change) => receipts.followed(ridingIn(change, store)));
  const logReceipts = receiptLog(log);

  let synced = false;
  const readiness = () => {
    const first = synced ? 'ready' : 'not ready: the first full sync has not come yet.';
    const outages = problems.current().filter(({ code }) => LACKING.has(code));
    return { ready: synced, detail: [first, ...outages.map(formatProblem)].join('\n') };
  };
  const xds = createXdsServer({
    store,
    groupsOf,
    log,
    limits: clientLimits(settings),
    tls: tls.kind === 'plaintext' ? undefined : { files: tls, policy: clientPolicy(tls.clients) },
    onEvent: (event) => {
      receipts.event(event);
      metrics.event(event);
      refused.event(event);
      logReceipts(event);
      onEvent?.(event);
    },
  });
  const { catalog } = pipeline;
  const state = { catalog, receipts, problems: () => problems.current(), clients: () => xds.status() };
  const metrics = new Metrics(state);
  const endpoints = new Map<string, Endpoint>([
    ...statusEndpoints(state, store, () => xds.reports()),
    [EXPLAIN_PATH, (query) => answerExplain({ catalog, options, store }, query)],
  ]);
  const admin = await startAdminServer(settings.admin, readiness, endpoints, metrics, adminToken);
  const port = await xds.listen(settings.xds.host, settings.xds.port).catch(async (error: Error) => {
    await admin.close();
    throw new Error(`setting xds: ${error.message}; choose another with --xds.`);
  });
  const announcer =
    announcing &&
    new Announcer({
      ...announcing,
      previews: () => previewStatuses(state),
      problems: () => problems.current(),
      gateways: () => receipts.gateways().length,
      report: (origin, told) => problems.report(origin, told),
      log,
    });
  const ready = source.start(pipeline).then(() => {
    synced = true;
    announcer?.start();
  });
  return {
    xds: { host: settings.xds.host, port },
    admin: { host: settings.admin.host, port: admin.port },
    ready,
    async close() {
      // First, so that another replica goes on while this one ends.
      await announcer?.stop();
      await closeAll(source, pipeline, xds, admin);
    },
  };
}

/** From the source to the Envoys, so that nothing new is sent on the way out. */
async function closeAll(source: Source, pipeline: Pipeline, xds: XdsServer, admin: AdminServer): Promise<void> {
  await source.stop();
  pipeline.stop();
  await xds.close();
  await admin.close();
}

export function gatewayOptions(settings: Settings): GatewayOptions {
  return {
    listen: settings.listen,
    trust: chooseKeyTrust(settings),
    previewDomain: settings.previewDomain,
    carriers: {
      header: settings.keyHeader,
      baggage: settings.keyBaggage,
      tracestate: settings.keyTracestate,
      cookie: settings.keyCookie,
      query: settings.keyQuery,
      host: settings.keyHost,
    },
    storeDiverted: settings.storeDiverted,
    browserPath: settings.browserPath,
    corsOrigins: settings.corsOrigin,
  };
}

/** What the Envoys have to acknowledge for the intercepts that a change touched. */
export function ridingIn({ baselines, ...change }: InterceptsFollowed, store: ResourceStore): InterceptsChange {
  const typeUrl = typeUrls.routeConfiguration;
  // Those who are not trusted with keys take no rules either.
  const names = [...store.view().names(typeUrl)].filter((name) => name !== ROUTES.untrusted);
  const routes = names.map((name) => ({ typeUrl, name }));
  const ridings = [...baselines].map(([id, { intercepts, clusters, assignments, bridges, mirrors }]) => {
    if (intercepts === undefined) return [id, []] as const;
    return [id, ridingOn(intercepts, { own: [...clusters, ...assignments], bridges, mirrors, routes })] as const;
  });
  return { ...change, baselines: new Map(ridings) };
}

/** Other clients know no previews. */
function isGateway(groups: readonly string[]): boolean {
  return !groups.includes(GRPC_CLIENTS);
}

/** What a client gets instead of what all do, by what it says of itself. */
function groupsOf({ metadata, userAgent, clientFeatures }: Node): readonly string[] {
  const namespace = metadata[namespaceMetadata];
  return [
    ...(userAgent.startsWith('gRPC') || clientFeatures.includes(GRPC_FEATURE) ? [GRPC_CLIENTS] : []),
    ...(typeof namespace === 'string' ? [callersIn(namespace)] : []),
  ];
}

/** Every gRPC library says so of itself, and no Envoy does (gRFC A27). */
const GRPC_FEATURE = 'envoy.lb.does_not_support_overprovisioning';
