import { isDnsLabel } from '../dns-names.ts';
import { nearest } from '../nearest.ts';
import { type Problem, type ProblemCode, quote } from '../problems.ts';
import type { ServicePort, ServiceRecord } from '../sources/source.ts';
import { readHost } from './hosts.ts';
import type { Life, TimeReading } from './life.ts';
import { readExpiresAt, readTtl } from './life.ts';
import { readMatch } from './match.ts';
import { readMode } from './mode.ts';
import type { Baseline, HttpPort, Identity, OutsideHost, Preview, ServiceId } from './model.ts';
import { describe, SERVICE, serviceId } from './model.ts';
import { ANNOTATIONS, isKey, LABELS } from './names.ts';
import { readPort } from './ports.ts';
import { readWhenUnready } from './when-unready.ts';

/** What may carry labels: a Service, or the Pods of one owner. */
export interface Labelled extends Identity {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** A Service's. */
  readonly ports?: readonly ServicePort[] | undefined;
  /** Whether it is Pods some of which have the addresses of their nodes. */
  readonly onHostNetwork?: boolean | undefined;
  /** From when a `ttl` counts, if that is known; milliseconds since the epoch. */
  readonly bornAt?: number | undefined;
}

export function labelledService(service: ServiceRecord): Labelled {
  return { ...service, id: serviceId(service.namespace, service.name), bornAt: service.createdAt };
}

/** What the labels of one object make of it. Most Services are neither. */
export interface LabelReading {
  readonly baseline?: Baseline;
  readonly preview?: Preview;
  /** Whether its endpoints are gateways. */
  readonly isGateway?: boolean;
  readonly problems: readonly Problem[];
}

const BASELINE_ONLY = [ANNOTATIONS.hosts, ANNOTATIONS.allowFrom, ANNOTATIONS.endpointsFrom];
const PREVIEW_ONLY = [
  ANNOTATIONS.match,
  ANNOTATIONS.mode,
  ANNOTATIONS.percentage,
  ANNOTATIONS.whenUnready,
  ANNOTATIONS.ttl,
  ANNOTATIONS.expiresAt,
];

/**
 * Reads the labels and annotations of a Service, or of Pods.
 *
 * A baseline keeps working whatever is wrong with it: the part at fault is left out and reported. A preview is taken
 * whole or not at all: what its owner meant by the part at fault cannot be guessed.
 */
export function readLabels(object: Labelled, previewDomain: string): LabelReading {
  const isGateway = object.labels[LABELS.role] === 'gateway';
  const isBaseline = LABELS.role in object.labels && !isGateway;
  const isPreview = LABELS.intercepts in object.labels || LABELS.key in object.labels;
  if (isEmpty(object.labels) && isEmpty(object.annotations)) return { problems: [] };

  const report = new Report(object);
  const allowed = [...(isBaseline ? BASELINE_ONLY : []), ...(isPreview ? PREVIEW_ONLY : [])];
  checkNames(object, allowed, report);
  if (LABELS.role in object.labels && object.kind !== SERVICE) {
    report.add('role-invalid', `it has the label ${LABELS.role}, which belongs on a Service.`, 'Remove it.');
    return { problems: report.problems };
  }
  if (isBaseline && isPreview) {
    report.add(
      'role-invalid',
      `it is labelled both ${LABELS.role} and ${LABELS.intercepts}, and stays a baseline only.`,
      `Remove ${LABELS.role} from a preview, or ${LABELS.intercepts} and ${LABELS.key} from a baseline.`,
    );
  }
  if (isGateway) {
    if (isPreview) {
      report.add(
        'role-invalid',
        `it is labelled both ${LABELS.role}: gateway and ${LABELS.intercepts}, and is no preview.`,
        `Remove one of the two: gateways are nobody's copy.`,
      );
    }
    return { isGateway, problems: report.problems };
  }
  if (isBaseline) {
    const baseline = readBaseline(object, report, previewDomain);
    return baseline === undefined ? { problems: report.problems } : { baseline, problems: report.problems };
  }
  if (!isPreview) return { problems: report.problems };
  const preview = readPreview(object, report);
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
  readonly #object: Labelled;

  constructor(object: Labelled) {
    this.#object = object;
  }

  add(code: ProblemCode, message: string, advice: string): void {
    this.problems.push({ code, object: describe(this.#object), place: this.#object.place, message, advice });
  }
}

function identityOf(object: Labelled): Identity {
  const { kind, id, namespace, name, createdAt, place } = object;
  return { kind, id, namespace, name, createdAt, place };
}

function checkNames(object: Labelled, allowed: readonly string[], report: Report): void {
  const labels: readonly string[] = Object.values(LABELS);
  const annotations: readonly string[] = Object.values(ANNOTATIONS);
  for (const name of Object.keys(object.labels)) {
    if (labels.includes(name)) continue;
    report.add('annotation-unknown', `the label ${name} is unknown.`, suggest(name, labels, annotations, 'annotation'));
  }
  for (const name of Object.keys(object.annotations)) {
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

function readBaseline(object: Labelled, report: Report, previewDomain: string): Baseline | undefined {
  const role = object.labels[LABELS.role]!;
  if (role !== 'baseline') {
    report.add(
      'role-invalid',
      `the label ${LABELS.role} is ${JSON.stringify(role)}, so nothing can intercept it.`,
      `Write ${LABELS.role}: baseline, or gateway where its endpoints are Envoys of Shunt's, or remove the label.`,
    );
    return undefined;
  }
  return Object.freeze({
    ...identityOf(object),
    ports: readPorts(object, report, 'cannot be reached through the gateways'),
    hosts: readHosts(object, report, previewDomain),
    allowFrom: readAllowFrom(object, report),
    endpointsFrom: readEndpointsFrom(object, report),
  });
}

function readPorts(object: Labelled, report: Report, consequence: string): readonly HttpPort[] {
  const readings = (object.ports ?? []).map(readPort);
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

function readHosts(object: Labelled, report: Report, previewDomain: string): readonly OutsideHost[] {
  const hosts = new Map<string, OutsideHost>();
  const leftOut: string[] = [];
  for (const entry of listOf(object.annotations[ANNOTATIONS.hosts])) {
    const reading = readHost(entry, previewDomain);
    if ('wrong' in reading)
      leftOut.push(`the entry ${quote(entry)} of ${ANNOTATIONS.hosts} is left out: ${reading.wrong}`);
    else hosts.set(`${reading.host.host} ${reading.host.pathPrefix}`, reading.host);
  }
  const advice =
    'Write names such as api.example.com, *.example.com or shop.example.com/api, with commas between them.';
  addEach(report, 'host-invalid', leftOut, advice);
  return Object.freeze([...hosts.values()]);
}

function readAllowFrom(object: Labelled, report: Report): readonly string[] {
  const entries = listOf(object.annotations[ANNOTATIONS.allowFrom]);
  const leftOut = entries
    .filter((entry) => !isDnsLabel(entry))
    .map((entry) => `the entry ${quote(entry)} of ${ANNOTATIONS.allowFrom} is left out: it is no name of a namespace`);
  const advice = 'Write names of namespaces with commas between them, such as team-web, team-mobile.';
  addEach(report, 'namespace-invalid', leftOut, advice);
  return Object.freeze(entries.filter(isDnsLabel));
}

/** Another Service of the same namespace: whoever may write one there may also change the baseline's own selector. */
function readEndpointsFrom(object: Labelled, report: Report): ServiceId | undefined {
  const name = object.annotations[ANNOTATIONS.endpointsFrom];
  if (name === undefined || (isDnsLabel(name) && name !== object.name)) {
    return name && serviceId(object.namespace, name);
  }
  report.add(
    'target-invalid',
    `the annotation ${ANNOTATIONS.endpointsFrom} is ${quote(name)}, so its own endpoints are used.`,
    'Write the name of another Service of its namespace, whose selector is the one that this Service had.',
  );
  return undefined;
}

/** An annotation has room for a hundred thousand entries; so many of the wrong ones are told one by one. */
const TOLD_ENTRIES = 10;

function addEach(report: Report, code: ProblemCode, wrong: readonly string[], advice: string): void {
  for (const [index, sentence] of wrong.slice(0, TOLD_ENTRIES).entries()) {
    const more = wrong.length - TOLD_ENTRIES;
    const last = index === TOLD_ENTRIES - 1 && more > 0;
    report.add(code, last ? `${sentence}; so are ${more} more entries.` : `${sentence}.`, advice);
  }
}

function listOf(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function readPreview(object: Labelled, report: Report): Preview | undefined {
  const baseline = readTarget(object, report);
  const key = readKey(object, report);
  const match = readMatch(object.annotations[ANNOTATIONS.match]);
  if (match !== undefined && 'wrong' in match) report.add('match-invalid', match.wrong, match.advice);
  const { mirror, wrong } = readMode(object.annotations);
  for (const { code, message, advice } of wrong) report.add(code, message, advice);
  const ofAll = ANNOTATIONS.percentage in object.annotations;
  if (!(LABELS.key in object.labels) && match === undefined && !ofAll) {
    report.add(
      'key-invalid',
      'it has no key, so no request can name it.',
      `Add the label ${LABELS.key}, such as pr-123.`,
    );
  }
  const unready = readWhenUnready(object.annotations[ANNOTATIONS.whenUnready]);
  if ('wrong' in unready) report.add('when-unready-invalid', unready.wrong, unready.advice);
  const life = readLife(object, report);
  const ports = object.kind === SERVICE ? readPorts(object, report, 'cannot be a preview') : undefined;
  if (object.onHostNetwork) {
    report.add(
      'host-network',
      'it has Pods on the network of their nodes (hostNetwork), whose addresses others share.',
      'Give it a Service of its own with these labels instead.',
    );
  }
  if (baseline === undefined) return undefined;
  return Object.freeze({
    ...identityOf(object),
    baseline,
    key,
    match: match !== undefined && 'match' in match ? match.match : undefined,
    whenUnready: 'whenUnready' in unready ? unready.whenUnready : 'baseline',
    mirror,
    life,
    ports,
  });
}

function readLife(object: Labelled, report: Report): Life {
  const read = (text: string | undefined, reader: (text: string) => TimeReading) => {
    const reading = text === undefined ? undefined : reader(text);
    if (reading === undefined || 'milliseconds' in reading) return reading?.milliseconds;
    report.add('life-invalid', reading.wrong, reading.advice);
    return undefined;
  };
  const { [ANNOTATIONS.ttl]: ttl, [ANNOTATIONS.expiresAt]: expiresAt } = object.annotations;
  return Object.freeze({ ttl: read(ttl, readTtl), expiresAt: read(expiresAt, readExpiresAt) });
}

/** `api`, in the preview's own namespace, or `api.prod`. */
function readTarget(object: Labelled, report: Report): string | undefined {
  const target = object.labels[LABELS.intercepts];
  const parts = target?.split('.') ?? [];
  if (target !== undefined && parts.length <= 2 && parts.every(isDnsLabel)) {
    return serviceId(parts[1] ?? object.namespace, parts[0]!);
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

function readKey(object: Labelled, report: Report): string | undefined {
  const key = object.labels[LABELS.key];
  if (key === undefined || isKey(key)) return key;
  report.add(
    'key-invalid',
    `the label ${LABELS.key} is ${JSON.stringify(key)}, which no request can carry.`,
    'Write at most 63 lower-case letters, digits, - and ., each part between dots beginning and ending with a letter or ' +
      'digit, without --, such as pr-123 or checkout.alice.',
  );
  return undefined;
}
