import { type MessageTypes, timestamp, typeUrls } from '../../protos/index.ts';
import type { Resource } from '../../resources/index.ts';
import type { RefusedUpdate } from '../answers.ts';
import type { StreamReport, TypeReport } from '../report.ts';
import type { Standing } from '../standing.ts';

type ClientConfig = MessageTypes['envoy.service.status.v3.ClientConfig'];
type GenericXdsConfig = NonNullable<ClientConfig['generic_xds_configs']>[number];
type ConfigStatus = GenericXdsConfig['config_status'] & string;
type ClientStatus = GenericXdsConfig['client_status'] & string;

/**
 * One client in parts, whose encodings one after the other are one ClientConfig: who it is, then so many resources each.
 *
 * @param reports of all streams of the client.
 * @param contents whether to show what is in the resources, not just their names and versions.
 */
export function* clientConfig(
  reports: readonly StreamReport[],
  contents: boolean,
  partSize: number,
): Iterable<ClientConfig> {
  for (const { node, nodeMessage } of reports.slice(0, 1)) {
    // For grpcdebug and the like, which print this next to each resource and nothing else of the client.
    yield { node: nodeMessage, client_scope: node.id };
  }
  for (const type of reports.flatMap((report) => report.types())) {
    const { standings } = type;
    for (let start = 0; start < standings.length; start += partSize) {
      const part = standings.slice(start, start + partSize);
      yield { generic_xds_configs: part.map((standing) => resourceConfig(type, standing, contents)) };
    }
  }
}

/**
 * What the client has accepted, with version and time, as clients that answer CSDS for themselves have it (gRFC A40); how
 * far the latest state has come stands in `config_status`; and what the client refused, in `error_state`.
 */
function resourceConfig({ typeUrl, answers }: TypeReport, standing: Standing, contents: boolean): GenericXdsConfig {
  const { name, latest } = standing;
  const refused = answers.refused(name);
  // A client that refused a whole state may have taken the good part of it.
  const accepted = standing.accepted?.version === refused?.version ? undefined : standing.accepted;
  // A Secret is nobody's business but its client's.
  const shown = (resource: Resource | undefined) =>
    resource !== undefined && contents && typeUrl !== typeUrls.secret
      ? { type_url: typeUrl, value: resource.body as Buffer }
      : null;
  const acceptedAt = accepted && answers.acceptedAt(name);
  return {
    type_url: typeUrl,
    name,
    version_info: accepted?.version ?? '',
    xds_config: shown(accepted?.resource),
    last_updated: acceptedAt === undefined ? null : timestamp(acceptedAt),
    config_status: configStatus(standing, refused),
    client_status: clientStatus(standing, refused),
    error_state: refused
      ? {
          failed_configuration: shown(latest?.version === refused.version ? latest : undefined),
          last_update_attempt: timestamp(refused.at),
          details: refused.error.message || `refused without a word, with status code ${refused.error.code}`,
          version_info: refused.version ?? '',
        }
      : null,
  };
}

/** The latest state on its way to the client. */
function configStatus({ progress, latest }: Standing, refused: RefusedUpdate | undefined): ConfigStatus {
  if (progress === 'sent') return 'STALE';
  if (refused !== undefined && refused.version === latest?.version) return 'ERROR';
  switch (progress) {
    case 'accepted':
      return 'SYNCED';
    case 'refused':
      return 'ERROR';
    case 'waiting':
    case 'untold':
      return 'NOT_SENT';
    default:
      return progress satisfies never;
  }
}

/** The resource as the client sees it. */
function clientStatus({ progress, latest, accepted }: Standing, refused: RefusedUpdate | undefined): ClientStatus {
  if (refused !== undefined) return 'NACKED';
  if (accepted !== undefined) return 'ACKED';
  const told = progress === 'accepted' || progress === 'untold';
  return latest === undefined && told ? 'DOES_NOT_EXIST' : 'REQUESTED';
}
