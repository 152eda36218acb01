import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Receipt } from '../receipts/index.ts';
import { type PreviewState, previewStates, type State } from '../status/index.ts';
import type { XdsEvent } from '../xds/index.ts';

/** Seconds: from what a machine does in no time to what nobody waits for. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What Prometheus scrapes, named by its conventions. Times are in seconds. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #responses: Counter<'type'>;
  readonly #bytes: Counter<'type'>;
  readonly #acknowledgements: Counter<'type'>;
  readonly #refusals: Counter<'type'>;
  readonly #connections: Counter;
  readonly #answers: Histogram<'type'>;
  readonly #inForce: Histogram;
  /** When responses that are not answered went out, milliseconds since the epoch, by stream, type and nonce. */
  readonly #open = new Map<string, Map<string, number>>();

  /** @param state asked at each scrape. */
  constructor(state: State) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#responses = new Counter({
      ...{ name: 'shunt_xds_responses_total', help: 'Responses sent to xDS clients.', labelNames: ['type'], registers },
    });
    this.#bytes = new Counter({
      ...{ name: 'shunt_xds_response_bytes_total', help: 'Bytes of these, without framing.', labelNames: ['type'] },
      registers,
    });
    this.#acknowledgements = new Counter({
      ...{ name: 'shunt_xds_acknowledgements_total', help: 'Responses that were acknowledged.', labelNames: ['type'] },
      registers,
    });
    this.#refusals = new Counter({
      ...{ name: 'shunt_xds_refusals_total', help: 'Responses that were refused.', labelNames: ['type'], registers },
    });
    this.#connections = new Counter({
      ...{ name: 'shunt_xds_streams_total', help: 'Streams that xDS clients have opened.', registers },
    });
    this.#answers = new Histogram({
      ...{ name: 'shunt_xds_answer_seconds', help: 'From a response sent to its answer.', labelNames: ['type'] },
      ...{ buckets: BUCKETS, registers },
    });
    this.#inForce = new Histogram({
      name: 'shunt_intercept_in_force_seconds',
      help: 'From a change of an intercept seen to all connected gateways having acknowledged it.',
      ...{ buckets: BUCKETS, registers },
    });
    this.#watch(state);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  event(event: XdsEvent): void {
    switch (event.type) {
      case 'connected':
        this.#connections.inc();
        this.#open.set(event.stream, new Map());
        break;
      case 'pushed': {
        const type = shortType(event.typeUrl);
        this.#responses.inc({ type });
        this.#bytes.inc({ type }, event.bytes);
        this.#open.get(event.stream)?.set(responseKey(event), event.at);
        break;
      }
      case 'acknowledged':
      case 'refused': {
        // Nothing was sent to a client that came back with what it had.
        if (event.nonce === '') break;
        const type = shortType(event.typeUrl);
        (event.type === 'refused' ? this.#refusals : this.#acknowledgements).inc({ type });
        const open = this.#open.get(event.stream);
        const sentAt = open?.get(responseKey(event));
        if (sentAt !== undefined) this.#answers.observe({ type }, (event.at - sentAt) / 1000);
        open?.delete(responseKey(event));
        break;
      }
      case 'disconnected':
        this.#open.delete(event.stream);
        break;
      default:
        event satisfies never;
    }
  }

  receipt({ tookMs }: Receipt): void {
    if (tookMs !== undefined) this.#inForce.observe(tookMs / 1000);
  }

  #watch(state: State): void {
    const registers = [this.#registry];
    const open = () => [...this.#open.values()].reduce((sum, responses) => sum + responses.size, 0);
    new Gauge({
      name: 'shunt_xds_responses_unanswered',
      help: 'Responses that xDS clients have not answered yet.',
      registers,
      collect() {
        this.set(open());
      },
    });
    new Gauge({
      name: 'shunt_gateways_connected',
      help: 'Envoys that are connected.',
      registers,
      collect() {
        this.set(state.receipts.gateways().length);
      },
    });
    new Gauge({
      name: 'shunt_baselines',
      help: 'Services that may be intercepted.',
      registers,
      collect() {
        this.set([...state.catalog.baselines()].length);
      },
    });
    new Gauge({
      name: 'shunt_previews',
      help: 'Objects that are labelled as previews, by how they stand.',
      labelNames: ['state'],
      registers,
      collect() {
        const counts = new Map<PreviewState, number>(STATES.map((each) => [each, 0]));
        for (const each of previewStates(state)) counts.set(each, counts.get(each)! + 1);
        for (const [each, count] of counts) this.set({ state: each }, count);
      },
    });
    new Gauge({
      name: 'shunt_problems',
      help: 'What is wrong at present, by its kind.',
      labelNames: ['code'],
      registers,
      collect() {
        this.reset();
        for (const { code } of state.problems()) this.inc({ code });
      },
    });
  }
}

const STATES: readonly PreviewState[] = ['live', 'arriving', 'unserved', 'unready', 'expired', 'refused'];

function shortType(typeUrl: string): string {
  const type = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
  // Clients choose what they ask for; of the types that are served there are a few.
  return /^[A-Z][A-Za-z]{1,40}$/.test(type) ? type : 'other';
}

/** Nonces are unique on a stream. */
function responseKey({ typeUrl, nonce }: { readonly typeUrl: string; readonly nonce: string }): string {
  return `${typeUrl} ${nonce}`;
}
