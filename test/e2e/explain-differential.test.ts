import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../src/control-plane.ts';
import { EXPLAIN_PATH, type Explanation, explainQuery, explanationText } from '../../src/explain/index.ts';
import { createLogger } from '../../src/log.ts';
import { defaultSettings, type Settings } from '../../src/settings/index.ts';
import { refKey, type Source, type SourceRecord, type SourceSink } from '../../src/sources/source.ts';
import type { XdsEvent } from '../../src/xds/index.ts';
import {
  type CatalogSpec,
  catalogs,
  MOST_PODS,
  MOST_UPSTREAMS,
  previewTitle,
  recordsOf,
} from '../support/differential/catalogs.ts';
import { type Arrival, RawClient } from '../support/differential/client.ts';
import { everyKind, requestsOfEveryKind } from '../support/differential/every-kind.ts';
import { kindsOf, RULE_KINDS } from '../support/differential/matches.ts';
import { drafts, ORIGIN, requestOf, type SentRequest } from '../support/differential/requests.ts';
import { startUpstreams, type Upstreams } from '../support/differential/upstreams.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { freePort } from '../support/ports.ts';
import { baseline, slice } from '../support/records.ts';

/*
 * Whatever the catalogue and the request, a real Envoy sends it where `shunt explain` says. A run prints its seed;
 * DIFFERENTIAL_SEED repeats one, DIFFERENTIAL_CATALOGS makes more of it, and DIFFERENTIAL_SHRINK=off ends it at the first
 * difference.
 */
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const CATALOGS = Number(process.env.DIFFERENTIAL_CATALOGS ?? 100);
const REQUESTS = 64;

const envoy = await envoyOrSkip();

describe.skipIf(envoy === undefined)('where an Envoy sends a request is where explain says', () => {
  let upstreams: Upstreams;
  beforeAll(async () => {
    console.info(`Catalogues and requests are those of DIFFERENTIAL_SEED=${SEED}.`);
    upstreams = await startUpstreams(MOST_UPSTREAMS, MOST_PODS);
  });
  afterAll(() => upstreams?.close());

  describe.each<Variant>([
    {
      title: 'the default settings, at a gateway that does not say where it stands',
      settings: {},
      carriers: ['header', 'host', 'cookie', 'baggage'],
    },
    {
      title: 'every carrier under a name of its own, at a gateway of the namespace shop',
      settings: {
        gatewayNamespace: 'shop',
        previewDomain: 'ks.example.org',
        keyHeader: 'x-key',
        keyCookie: 'k.y',
        keyBaggage: 'k.y',
        keyTracestate: 'a-k*s/1@v',
        keyQuery: 'k.y',
        corsOrigin: [ORIGIN],
        protocol: 'sotw',
      },
      carriers: ['header', 'host', 'query', 'cookie', 'baggage', 'tracestate'],
    },
  ])('with $title', ({ settings, carriers }) => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.start(settings, upstreams);
    });
    afterAll(() => bench?.stop());

    test('request by request', { timeout: 600_000 }, async () => {
      const tally = new Tally();
      await fc.assert(
        fc.asyncProperty(
          fc.noBias(catalogs),
          fc.noBias(fc.array(drafts, { minLength: REQUESTS / 2, maxLength: REQUESTS, size: 'max' })),
          async (catalog, sketches) => {
            await bench.apply(catalog);
            const requests = sketches.map((draft) => requestOf(draft, catalog, bench.gateway));
            await Promise.all(requests.map(async (request) => tally.add(catalog, await bench.compare(request))));
          },
        ),
        {
          seed: SEED,
          examples: [[everyKind, [...requestsOfEveryKind]]],
          numRuns: CATALOGS,
          endOnFailure: process.env.DIFFERENTIAL_SHRINK === 'off',
          interruptAfterTimeLimit: 300_000,
          markInterruptAsFailure: true,
        },
      );
      console.info(tally.report());
      expect(await bench.envoy.rejected()).toEqual({});
      expect(tally.requests).toBeGreaterThan((CATALOGS * REQUESTS) / 3);
      expect(tally.count('preview') / tally.requests).toBeGreaterThan(1 / 3);
      expect(carriers.filter((carrier) => tally.count(`by ${carrier}`) === 0)).toEqual([]);
      expect(RULE_KINDS.filter((kind) => tally.count(`by ${kind}`) === 0)).toEqual([]);
      for (const rest of ['baseline', 'gateway', '404', '503', 'denied', 'inherited', 'by Pods'])
        expect(tally.count(rest), rest).toBeGreaterThan(0);
    });
  });
});

interface Variant {
  readonly title: string;
  readonly settings: Partial<Settings>;
  readonly carriers: readonly string[];
}

/** A control plane, an Envoy, and catalogues that replace each other. */
class Bench {
  readonly envoy: TestEnvoy;
  readonly gateway;
  readonly #settings: Settings;
  readonly #controlPlane: ControlPlane;
  readonly #sink: SourceSink;
  readonly #upstreams: Upstreams;
  readonly #client: RawClient;
  readonly #refusals: readonly XdsEvent[];
  #world: ReadonlyMap<string, SourceRecord> = new Map();
  #generation = 0;

  private constructor(
    settings: Settings,
    controlPlane: ControlPlane,
    sink: SourceSink,
    envoy: TestEnvoy,
    refusals: readonly XdsEvent[],
    upstreams: Upstreams,
  ) {
    const { previewDomain, keyHeader: header, keyBaggage: baggage, keyTracestate: tracestate } = settings;
    const { keyCookie: cookie, keyQuery: query, keyHost: host } = settings;
    this.gateway = { previewDomain, carriers: { header, baggage, tracestate, cookie, query, host } };
    this.#settings = settings;
    this.#controlPlane = controlPlane;
    this.#sink = sink;
    this.#upstreams = upstreams;
    this.#refusals = refusals;
    this.#client = new RawClient(settings.listen[0]!.port);
    this.envoy = envoy;
  }

  static async start(others: Partial<Settings>, upstreams: Upstreams): Promise<Bench> {
    const anyPort = { host: '127.0.0.1', port: 0 };
    const listen = [{ host: '127.0.0.1', port: await freePort() }];
    const settings = defaultSettings({ xds: anyPort, admin: anyPort, listen, ...others });
    let sink: SourceSink | undefined;
    const source: Source = {
      check: async () => {},
      start: async (to) => {
        sink = to;
        to.changed({ upserts: [], deletes: [] });
      },
      stop: async () => {},
    };
    const refusals: XdsEvent[] = [];
    const onEvent = (event: XdsEvent) => void (event.type === 'refused' && refusals.push(event));
    const controlPlane = await startControlPlane({ settings, source, log: createLogger('silent'), onEvent });
    await controlPlane.ready;
    const { protocol, gatewayNamespace: namespace } = settings;
    const envoy = await startTestEnvoy({ xdsPort: controlPlane.xds.port, protocol, namespace });
    return new Bench(settings, controlPlane, sink!, envoy, refusals, upstreams);
  }

  /**
   * Replaces the catalogue, until the Envoy's worker has all of it: a host that only this catalogue has is known. Routes
   * are sent when clusters and endpoints are acknowledged, and a worker takes changes in their order.
   */
  async apply(catalog: CatalogSpec): Promise<void> {
    this.#generation += 1;
    const host = `generation-${this.#generation}.marker.test`;
    const marker = [
      baseline('marker/marker', { annotations: { 'shunt.dev/hosts': host } }),
      slice('marker/marker', ['127.0.0.1'], { ports: [{ name: 'http', port: this.#upstreams.http1[0]! }] }),
    ];
    const next = new Map([...recordsOf(catalog, this.#upstreams), ...marker].map((each) => [refKey(each), each]));
    const before = this.#world;
    this.#world = next;
    this.#sink.changed({
      upserts: [...next].flatMap(([key, each]) =>
        JSON.stringify(each) === JSON.stringify(before.get(key)) ? [] : [each],
      ),
      deletes: [...before].flatMap(([key, each]) => (next.has(key) ? [] : [each])),
    });
    const question: SentRequest = { protocol: 'HTTP/1.1', method: 'GET', host, path: '/', headers: [] };
    for (;;) {
      if (this.#refusals.length > 0) throw new Error(`The Envoy refuses it: ${JSON.stringify(this.#refusals.at(-1))}`);
      // Not by whoever has all hosts.
      if ((await this.#client.send(question)).servedBy === 'marker') return;
    }
  }

  /** @throws if the Envoy does otherwise than explain says. */
  async compare(request: SentRequest): Promise<Explanation> {
    const [arrival, explanation] = await Promise.all([this.#client.send(request), this.#explain(request)]);
    const mismatch = difference(arrival, explanation);
    if (mismatch === undefined) return explanation;
    throw new Error(
      [
        mismatch,
        JSON.stringify(request),
        `Envoy: ${JSON.stringify(arrival)}`,
        explanationText(explanation),
        ...[...this.#world.values()].map((each) => JSON.stringify(each)),
      ].join('\n'),
    );
  }

  async #explain({ method, host, path, headers }: SentRequest): Promise<Explanation> {
    const written = { method, url: `http://${host}${path}`, headers: headers.map((line) => line.join(': ')) };
    const query = explainQuery(written, this.#settings.gatewayNamespace);
    const { admin } = this.#controlPlane;
    const response = await fetch(`http://127.0.0.1:${admin.port}${EXPLAIN_PATH}?${query}`);
    if (response.status !== 200) throw new Error(`explain answers ${response.status}: ${await response.text()}`);
    return (await response.json()) as Explanation;
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.envoy.stop();
    await this.#controlPlane.close();
  }
}

function difference({ status, servedBy, body }: Arrival, { outcome, steps }: Explanation): string | undefined {
  // The rules that explain tells of, in the order of precedence, against the routes that were made of them.
  const rules = steps.filter(({ about, result, holds }) => about === 'rule' && (holds || result === 'yes'));
  if (rules.slice(0, 1).some(({ holds, result }) => !holds || result !== 'yes')) return 'The first rule does not win.';
  if (outcome.kind === 'nothing') {
    const named = servedBy !== '';
    return status === outcome.status && named === (outcome.preview !== undefined)
      ? undefined
      : 'Explain says that nothing serves it.';
  }
  // What it answers has tests of its own; an upstream would answer with its address.
  if (outcome.kind === 'gateway') {
    return status < 500 && servedBy === '' && !/^127[0-9.:]+$/.test(body)
      ? undefined
      : 'Explain says that the gateway answers.';
  }
  if (status !== 200 || !outcome.endpoints.includes(body)) return 'It is served by another endpoint.';
  return outcome.servedBy.includes(servedBy) ? undefined : 'The gateway names another as who served.';
}

/** How often what occurred. */
class Tally {
  readonly #counts = new Map<string, number>();
  requests = 0;

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  add({ previews }: CatalogSpec, { outcome }: Explanation): void {
    this.requests += 1;
    this.#more(outcome.kind === 'nothing' ? String(outcome.status) : outcome.kind);
    if (outcome.kind === 'nothing' && outcome.preview !== undefined) this.#more('denied');
    if (outcome.kind === 'preview' && outcome.preview?.startsWith('Deployment ')) this.#more('by Pods');
    const by = 'by' in outcome ? outcome.by : undefined;
    if (by?.kind === 'key') this.#more(`by ${by.carrier}`);
    if (by?.kind === 'key' && by.inheritedFrom !== undefined) this.#more('inherited');
    if (by?.kind === 'rule' && outcome.kind === 'preview') {
      const spec = previews.find((each, index) => previewTitle(each, index) === outcome.preview)!;
      for (const kind of kindsOf(spec.match!)) this.#more(`by ${kind}`);
    }
  }

  #more(what: string): void {
    this.#counts.set(what, this.count(what) + 1);
  }

  report(): string {
    const counts = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${what}: ${count}`);
    return `${this.requests} requests; ${counts.join(', ')}`;
  }
}
