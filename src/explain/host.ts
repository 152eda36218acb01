import type { CatalogView } from '../catalog/catalog.ts';
import type { Baseline, HttpPort } from '../catalog/model.ts';
import { describe, serviceId } from '../catalog/model.ts';
import type { GatewayOptions } from '../translate/gateway.ts';
import type { SeenRequest } from './envoy/request.ts';
import { pathOf } from './envoy/request.ts';
import type { FoundHost } from './envoy/virtual-host.ts';
import type { Step } from './explanation.ts';

const yes = (text: string): Step => ({ about: 'host', result: 'yes', text });
const no = (text: string): Step => ({ about: 'host', result: 'no', text });
const note = (text: string): Step => ({ about: 'host', result: 'note', text });

/** How a host led to a baseline. */
export function hostFound(
  { authority }: SeenRequest,
  { domain }: FoundHost,
  baseline: Baseline,
  port: HttpPort,
): readonly Step[] {
  const name = withoutPort(authority);
  const under = domain === name.toLowerCase() ? '' : ` under ${domain}`;
  const which = baseline.ports.length === 1 ? '' : ', one of several';
  return [
    yes(
      `The host ${JSON.stringify(authority)} is known${under} and means ${describe(baseline)}, port ${port.port} (${port.protocol})${which}.`,
    ),
  ];
}

/** Why nobody has a host, and what would be meant by it. */
export function hostUnknown(
  { authority }: SeenRequest,
  namespace: string | undefined,
  catalog: CatalogView,
  { previewDomain, carriers }: GatewayOptions,
): readonly Step[] {
  const name = withoutPort(authority).toLowerCase();
  const steps = [no(`No baseline has the host ${JSON.stringify(authority)}: the gateway answers with 404.`)];
  if (name.endsWith(`.${previewDomain}`)) {
    const why = carriers.host
      ? `Hosts of previews are KEY--SERVICE.${previewDomain} or KEY--SERVICE--NAMESPACE.${previewDomain}, and no baseline is called so.`
      : 'Preview URLs are switched off (setting key-host).';
    return [...steps, note(why)];
  }
  const [service = '', inNamespace = namespace] = name.replace(/\.svc(\.cluster\.local)?$/, '').split('.');
  const namesakes = [...catalog.baselines()].filter((each) => each.name === service && each.ports.length > 0);
  if (!name.includes('.') && namesakes.length > 1) {
    const where =
      namespace === undefined
        ? 'says in no namespace'
        : `stands in the namespace ${namesakes.length === 0 ? '' : namespace}`;
    steps.push(
      note(
        `${namesakes.map(describe).sort().join(' and ')} have the same name, and the gateway ${where}: ` +
          'a short name that is shared means the Service in the namespace of its callers (setting gateway-namespace).',
      ),
    );
  }
  for (const id of inNamespace === undefined ? [] : [serviceId(inNamespace, service)]) {
    if (catalog.baseline(id) === undefined && catalog.hasService(id)) {
      steps.push(note(`Service ${id} is there, but is no baseline: label it shunt.dev/role: baseline.`));
    }
    if (catalog.baseline(id)?.ports.length === 0) steps.push(note(`Service ${id} has no port that speaks HTTP.`));
  }
  return steps;
}

/** Why a host that is known takes no such path. */
export function pathUnknown(request: SeenRequest, { domain }: FoundHost, catalog: CatalogView): readonly Step[] {
  const prefixes = [...catalog.baselines()].flatMap(({ hosts }) =>
    hosts.flatMap(({ host, pathPrefix }) => (host === domain ? [pathPrefix] : [])),
  );
  return [
    no(
      `The host ${JSON.stringify(domain)} is known for paths under ${[...new Set(prefixes)].sort().join(', ')} only, not for ` +
        `${JSON.stringify(pathOf(request))}: the gateway answers with 404.`,
    ),
  ];
}

function withoutPort(authority: string): string {
  return authority.replace(/:[0-9]+$/, '');
}
