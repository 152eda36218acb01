import { mkdirSync } from 'node:fs';
import type { ApiServer } from '../../test/support/apiserver.ts';
import type { Contender, Surroundings } from '../contender.ts';
import { startServing } from '../serving.ts';
import { type ApiObject, addressOf, BASELINE, previewLabels, service, slice, UPSTREAM_HOST } from './objects.ts';
import { Labeller, populate } from './writer.ts';

/** How many Services are labelled in turn. */
const CANDIDATES = 20;

export interface KubeOptions extends Surroundings {
  readonly server: ApiServer;
  /** Baselines, each with an endpoint that answers. */
  readonly services: number;
  /** Previews of them that stand throughout, with endpoints that nobody calls. */
  readonly previews: number;
  readonly signal: AbortSignal;
}

export interface KubeContender extends Contender {
  readonly namespace: string;
  /** One for each Service that is labelled in a round. */
  readonly labellers: readonly Labeller[];
}

/**
 * `shunt serve` on a namespace of a real API server, and an Envoy. A round labels a Service that was there before, with an
 * endpoint, and is a preview from then on.
 */
export async function startKube(options: KubeOptions): Promise<KubeContender> {
  const { server, services, previews, folder, signal, binary, onStart, onFailure } = options;
  mkdirSync(folder, { recursive: true });
  const namespace = `bench-${services}`;
  await populate(server, namespace, [...world(namespace, options)], signal);
  const title = `${services.toLocaleString('en')} Services, ${previews.toLocaleString('en')} previews`;
  const source = ['--kubernetes', '--kubeconfig', server.kubeconfig('admin'), '--namespace', namespace];
  const { port } = await startServing({ title, source, protocol: 'delta', binary, folder, onStart, onFailure });
  const labellers = Array.from(
    { length: Math.min(CANDIDATES, services) },
    (_, index) => new Labeller(server, `/api/v1/namespaces/${namespace}/services/${candidateName(index)}`),
  );
  return {
    title,
    port,
    namespace,
    labellers,
    round(number) {
      const index = number % labellers.length;
      const labeller = labellers[index]!;
      const baseline = baselineName(index);
      const key = `round-${number}`;
      return {
        host: baseline,
        key,
        publish: () => labeller.write(previewLabels(baseline, key)),
        withdraw: () => labeller.write({ 'shunt.dev/intercepts': null, 'shunt.dev/key': null }),
      };
    },
  };
}

function* world(namespace: string, { services, previews, upstreams }: KubeOptions): Generator<ApiObject> {
  const upstream = (of: string, port: number) =>
    slice(namespace, `${of}-1`, { service: of, addresses: [UPSTREAM_HOST], port });
  for (let index = 0; index < services; index++) {
    const name = baselineName(index);
    yield service(namespace, name, BASELINE);
    yield upstream(name, upstreams.baseline);
  }
  for (let index = 0; index < previews; index++) {
    const name = previewName(index);
    yield service(namespace, name, previewLabels(baselineName(index % services), `standing-${index}`));
    yield slice(namespace, `${name}-1`, { service: name, addresses: [addressOf(index)], port: 8080 });
  }
  for (let index = 0; index < Math.min(CANDIDATES, services); index++) {
    const name = candidateName(index);
    yield service(namespace, name);
    yield upstream(name, upstreams.preview);
  }
}

function baselineName(index: number): string {
  return `service-${index}`;
}

/** Of a preview that stands throughout. */
export function previewName(index: number): string {
  return `preview-${index}`;
}

function candidateName(index: number): string {
  return `candidate-${index}`;
}
