import { isDnsLabel } from '../dns-names.ts';
import { nearest } from '../nearest.ts';
import type { Problem, ProblemCode } from '../problems.ts';
import type { ServiceRecord } from '../sources/source.ts';
import { readHost } from './hosts.ts';
import type { Life, TimeReading } from './life.ts';
import { readExpiresAt, readTtl } from './life.ts';
import { readMatch } from './match.ts';
import type { Baseline, HttpPort, Identity, OutsideHost, Preview } from './model.ts';
import { serviceId } from './model.ts';
import { ANNOTATIONS, isKey, LABELS } from './names.ts';
import { readPort } from './ports.ts';
import { readWhenUnready } from './when-unready.ts';

/** What the labels of one Service make of it. Most Services are neither. */
export interface LabelReading {
  readonly baseline?: Baseline;
  readonly preview?: Preview;
  readonly problems: readonly Problem[];
}

const BASELINE_ONLY = [ANNOTATIONS.hosts, ANNOTATIONS.allowFrom];
const PREVIEW_ONLY = [ANNOTATIONS.match, ANNOTATIONS.whenUnready, ANNOTATIONS.ttl, ANNOTATIONS.expiresAt];

/**
 * Reads the labels and annotations of a Service.
 *
 * A baseline keeps working whatever is wrong with it: the part at fault is left out and reported. A preview is taken
 * whole or not at all: what its owner meant by the part at fault cannot be guessed.
 */
export function readLabels(service: ServiceRecord, previewDomain: string): LabelReading {
  const isBaseline = LABELS.role in service.labels;
  const isPreview = LABELS.intercepts in service.labels || LABELS.key in service.labels;
  if (isEmpty(service.labels) && isEmpty(service.annotations)) return { problems: [] };

  const report = new Report(service);
  const allowed = [...(isBaseline ? BASELINE_ONLY : []), ...(isPreview ? PREVIEW_ONLY : [])];
  checkNames(service, allowed, report);
  if (isBaseline && isPreview) {
    report.add(
      'role-invalid',
      `it is labelled both ${LABELS.role} and ${LABELS.intercepts}, and stays a baseline only.`,
      `Remove ${LABELS.role} from a preview, or ${LABELS.intercepts} and ${LABELS.key} from a baseline.`,
    );
  }
  if (isBaseline) {
    const baseline = readBaseline(service, report, previewDomain);
    return baseline === undefined ? { problems: report.problems } : { baseline, problems: report.problems };
  }
  if (!isPreview) return { problems: report.problems };
  const preview = readPreview(service, report);
  return preview === undefined || report.problems.length > 0
    ? { problems: report.problems }
    : { preview, problems: [] };
}

function isEmpty(record: Readonly<Record<string, string>>): boolean {
  return Object.keys(record).length === 0;
}

/** Gathers the problems of one Service. */
class Report {
  readonly problems: Problem[] = [];
  readonly #service: ServiceRecord;

  constructor(service: ServiceRecord) {
    this.#service = service;
  }

  add(code: ProblemCode, message: string, advice: string): void {
    const { namespace, name, place } = this.#service;
    this.problems.push({ code, object: `Service ${serviceId(namespace, name)}`, place, message, advice });
  }
}

function identityOf(service: ServiceRecord): Identity {
  const { namespace, name, createdAt, place } = service;
  return { id: serviceId(namespace, name), namespace, name, createdAt, place };
}

function checkNames(service: ServiceRecord, allowed: readonly string[], report: Report): void {
  const labels: readonly string[] = Object.values(LABELS);
  const annotations: readonly string[] = Object.values(ANNOTATIONS);
  for (const name of Object.keys(service.labels)) {
    if (labels.includes(name)) continue;
    report.add('annotation-unknown', `the label ${name} is unknown.`, suggest(name, labels, annotations, 'annotation'));
  }
  for (const name of Object.keys(service.annotations)) {
    if (allowed.includes(name)) continue;
    if (annotations.includes(name)) {
      const owner = BASELINE_ONLY.some((each) => each === name) ? 'baseline' : 'preview';
      const label = owner === 'baseline' ? `${LABELS.role}: baseline` : `${LABELS.intercepts}: NAME`;
      report.add(
        'annotation-unknown',
        `the annotation ${name} belongs on a ${owner}, and this is none.`,
        `Remove it, or add the label ${label}.`,
      );
    } else {
      report.add(
        'annotation-unknown',
        `the annotation ${name} is unknown.`,
        suggest(name, annotations, labels, 'label'),
      );
    }
  }
}

function suggest(name: string, own: readonly string[], other: readonly string[], otherKind: string): string {
  if (other.includes(name)) return `Write it as a ${otherKind}.`.replace('a annotation', 'an annotation');
  const near = nearest(name, own);
  return near === undefined ? `Known are ${own.join(', ')}.` : `Did you mean ${near}?`;
}

function readBaseline(service: ServiceRecord, report: Report, previewDomain: string): Baseline | undefined {
  const role = service.labels[LABELS.role]!;
  if (role !== 'baseline') {
    report.add(
      'role-invalid',
      `the label ${LABELS.role} is ${JSON.stringify(role)}, so nothing can intercept it.`,
      `Write ${LABELS.role}: baseline, or remove the label.`,
    );
    return undefined;
  }
  return Object.freeze({
    ...identityOf(service),
    ports: readPorts(service, report, 'cannot be reached through the gateways'),
    hosts: readHosts(service, report, previewDomain),
    allowFrom: readAllowFrom(service, report),
  });
}

function readPorts(service: ServiceRecord, report: Report, consequence: string): readonly HttpPort[] {
  const readings = service.ports.map(readPort);
  const ports = readings.flatMap((reading) => ('port' in reading ? [reading.port] : []));
  if (ports.length === 0) {
    const reasons = readings.flatMap((reading) => ('refusal' in reading ? [reading.refusal] : []));
    report.add(
      'port-unsupported',
      `${reasons.length === 0 ? 'it has no port' : reasons.join(', ')}, so it ${consequence}.`,
      'An intercept needs a port that speaks HTTP/1.1, HTTP/2 or gRPC: name it http, http2 or grpc, or set its appProtocol.',
    );
  }
  return Object.freeze(ports);
}

function readHosts(service: ServiceRecord, report: Report, previewDomain: string): readonly OutsideHost[] {
  const hosts: OutsideHost[] = [];
  for (const entry of listOf(service.annotations[ANNOTATIONS.hosts])) {
    const reading = readHost(entry, previewDomain);
    if ('wrong' in reading) {
      report.add(
        'host-invalid',
        `the entry ${JSON.stringify(entry)} of ${ANNOTATIONS.hosts} is left out: ${reading.wrong}.`,
        'Write names such as api.example.com, *.example.com or shop.example.com/api, with commas between them.',
      );
    } else if (!hosts.some((each) => each.host === reading.host.host && each.pathPrefix === reading.host.pathPrefix)) {
      hosts.push(reading.host);
    }
  }
  return Object.freeze(hosts);
}

function readAllowFrom(service: ServiceRecord, report: Report): readonly string[] {
  const entries = listOf(service.annotations[ANNOTATIONS.allowFrom]);
  for (const entry of entries.filter((each) => !isDnsLabel(each))) {
    report.add(
      'namespace-invalid',
      `the entry ${JSON.stringify(entry)} of ${ANNOTATIONS.allowFrom} is left out: it is no name of a namespace.`,
      'Write names of namespaces with commas between them, such as team-web, team-mobile.',
    );
  }
  return Object.freeze(entries.filter(isDnsLabel));
}

function listOf(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function readPreview(service: ServiceRecord, report: Report): Preview | undefined {
  const baseline = readTarget(service, report);
  const key = readKey(service, report);
  const match = readMatch(service.annotations[ANNOTATIONS.match]);
  if (match !== undefined && 'wrong' in match) report.add('match-invalid', match.wrong, match.advice);
  if (!(LABELS.key in service.labels) && match === undefined) {
    report.add(
      'key-invalid',
      'it has no key, so no request can name it.',
      `Add the label ${LABELS.key}, such as pr-123.`,
    );
  }
  const unready = readWhenUnready(service.annotations[ANNOTATIONS.whenUnready]);
  if ('wrong' in unready) report.add('when-unready-invalid', unready.wrong, unready.advice);
  const life = readLife(service, report);
  const ports = readPorts(service, report, 'cannot be a preview');
  if (baseline === undefined) return undefined;
  return Object.freeze({
    ...identityOf(service),
    baseline,
    key,
    match: match !== undefined && 'match' in match ? match.match : undefined,
    whenUnready: 'whenUnready' in unready ? unready.whenUnready : 'baseline',
    life,
    ports,
  });
}

function readLife(service: ServiceRecord, report: Report): Life {
  const read = (text: string | undefined, reader: (text: string) => TimeReading) => {
    const reading = text === undefined ? undefined : reader(text);
    if (reading === undefined || 'milliseconds' in reading) return reading?.milliseconds;
    report.add('life-invalid', reading.wrong, reading.advice);
    return undefined;
  };
  const { [ANNOTATIONS.ttl]: ttl, [ANNOTATIONS.expiresAt]: expiresAt } = service.annotations;
  return Object.freeze({ ttl: read(ttl, readTtl), expiresAt: read(expiresAt, readExpiresAt) });
}

/** `api`, in the preview's own namespace, or `api.prod`. */
function readTarget(service: ServiceRecord, report: Report): string | undefined {
  const target = service.labels[LABELS.intercepts];
  const parts = target?.split('.') ?? [];
  if (target !== undefined && parts.length <= 2 && parts.every(isDnsLabel)) {
    return serviceId(parts[1] ?? service.namespace, parts[0]!);
  }
  report.add(
    'target-invalid',
    target === undefined
      ? `it has the label ${LABELS.key} but says not what it intercepts.`
      : `the label ${LABELS.intercepts} is ${JSON.stringify(target)}, which names no Service.`,
    `Write ${LABELS.intercepts}: NAME, or NAME.NAMESPACE for a baseline in another namespace.`,
  );
  return undefined;
}

function readKey(service: ServiceRecord, report: Report): string | undefined {
  const key = service.labels[LABELS.key];
  if (key === undefined || isKey(key)) return key;
  report.add(
    'key-invalid',
    `the label ${LABELS.key} is ${JSON.stringify(key)}, which no request can carry.`,
    'Write at most 63 lower-case letters, digits, - and ., each part between dots beginning and ending with a letter or ' +
      'digit, without --, such as pr-123 or checkout.alice.',
  );
  return undefined;
}
