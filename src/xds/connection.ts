import { randomBytes } from 'node:crypto';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Changes, ResourceStore, View } from '../resources/index.ts';
import { addressOfCall } from './address.ts';
import { Answers } from './answers.ts';
import { Charges } from './charges.ts';
import type { Received } from './decode.ts';
import { encodeResponse, type WireMessage } from './encode.ts';
import type { ClientStatus, TypeStatus, XdsEvent } from './events.ts';
import { messageTrailers } from './grpc-message.ts';
import { type Guard, guardOf } from './guard/index.ts';
import { invalid, LimitExceeded, type XdsLimits } from './limits.ts';
import type { Node, NodeMessage } from './node.ts';
import { Outbox } from './outbox.ts';
import type { Pace } from './pace.ts';
import type { Action, DiscoveryRequest } from './protocol.ts';
import type { StreamReport } from './report.ts';
import type { Speech } from './speech.ts';
import type { Stream } from './stream.ts';
import type { Refusal } from './trust/index.ts';

export type Call = ServerDuplexStream<Buffer, WireMessage>;

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly store: ResourceStore;
  readonly groupsOf: (node: Node) => readonly string[];
  readonly log: Logger;
  /** @param address the client's IP address, unless it has gone before it was asked for it. */
  readonly onEvent: (event: XdsEvent, address: string | undefined) => void;
  /** Told of the type of each request. */
  readonly onType: (typeUrl: string) => void;
  /** Why this caller may not be this node; undefined if it may. */
  readonly authorize: (call: Call, node: Node) => Refusal | undefined;
  readonly limits: XdsLimits;
  readonly pace: Pace;
  /** Told what a client did that it should not. */
  readonly onOffence: (address: string | undefined, sentence: string) => void;
}

/** The client's identity, and the state machine that serves it: both from the first request on. */
interface Client<Request extends DiscoveryRequest> {
  readonly node: Node;
  readonly nodeMessage: NodeMessage;
  readonly groups: readonly string[];
  readonly view: View;
  readonly stream: Stream<Request>;
  readonly connectedAt: number;
}

/** Tells the streams of this process from those of any other: a client may come back to another with a nonce of ours. */
const PROCESS = randomBytes(6).toString('base64url');
let streams = 0;

/** Joins one gRPC call to its state machine: bytes to events, actions to bytes. Nothing thrown in here leaves it. */
export class Connection<Request extends DiscoveryRequest> {
  readonly #id = `${PROCESS}.${(streams++).toString(36)}`;
  readonly #call: Call;
  /** Kept, because nobody can tell it any more when the client has gone. */
  readonly #address: string | undefined;
  readonly #speech: Speech<Request>;
  readonly #context: ConnectionContext;
  readonly #counts = new Map<string, { sent: number; acknowledged: number; refused: number; error?: string }>();
  readonly #answers = new Map<string, Answers>();
  #client: Client<Request> | undefined;
  readonly #outbox: Outbox<WireMessage>;
  readonly #guard: Guard;
  readonly #charges: Charges<Request>;
  /** Runs from the first request until the client has asked for all its types. */
  #patience: NodeJS.Timeout | undefined;
  /** Whether that time is over. */
  #established = false;
  /** How much of what the client says waits for its turn, since it is new here. */
  #unheard = 0;
  #open = true;
  /** Why no more is said, though what was said may still be on its way. */
  #ending: string | undefined;

  /** @param onClose called once, when the call is over for whatever reason. */
  constructor(call: Call, speech: Speech<Request>, context: ConnectionContext, onClose: () => void) {
    this.#call = call;
    this.#address = addressOfCall(call);
    this.#speech = speech;
    this.#context = context;
    this.#outbox = new Outbox(call, context.limits);
    this.#guard = guardOf(call);
    this.#charges = new Charges(speech, context.limits, this.#guard);
    const close = (reason: string) => {
      if (this.#close(reason)) onClose();
    };
    call.on('cancelled', () => close(this.#guard.verdict ?? 'the client went away'));
    call.on('error', (error) => close(error.message));
    call.on('end', () => this.#inTurn(() => this.end('the client ended the stream')));
    call.on('finish', () => close(this.#ending ?? ''));
  }

  /** Begins to read. Until the store is synced there is no answer to any question, so none is heard (rule 13). */
  start(): void {
    this.#call.on('data', (bytes: Buffer) => {
      this.#inTurn(() => {
        this.#attempt(() => this.#receive(bytes));
        this.#guard.taken();
      });
    });
  }

  /** Whoever has long been here goes before those who come in crowds; what one client says stays in order. */
  #inTurn(work: () => void): void {
    const urgency = this.#established && this.#unheard === 0 ? 'first' : 'later';
    if (urgency === 'later') this.#unheard += 1;
    this.#context.pace.run(urgency, () => {
      work();
      if (urgency === 'later') this.#unheard -= 1;
    });
  }

  worldChanged(changes: Changes): void {
    const client = this.#client;
    if (client === undefined) return;
    const changed = changes.of(...client.groups);
    if (changed.size > 0) this.#attempt(() => this.#run(client, client.stream.worldChanged(changed)));
  }

  /** Ends the stream once all that was said is sent; a client of a control plane then connects anew. */
  end(reason: string): void {
    if (!this.#open || this.#ending !== undefined) return;
    this.#ending = reason;
    this.#call.end();
  }

  status(): ClientStatus | undefined {
    if (this.#client === undefined) return undefined;
    const { node, groups, stream, connectedAt } = this.#client;
    const types = stream.types().map(
      ({ typeUrl, refusals }): TypeStatus => ({
        ...{ sent: 0, acknowledged: 0, refused: 0, ...this.#counts.get(typeUrl) },
        typeUrl,
        refusals,
      }),
    );
    return { node: node.id, groups, stream: this.#id, variant: this.#speech.variant, connectedAt, types };
  }

  /** The client and how it stands to what it asks for. */
  report(): StreamReport | undefined {
    const client = this.#client;
    if (client === undefined) return undefined;
    const { node, nodeMessage, stream } = client;
    const types = () =>
      stream.types().map((type) => ({
        typeUrl: type.typeUrl,
        standings: type.standings(),
        answers: this.#answersTo(client, type.typeUrl),
      }));
    return { peer: this.#call.getPeer(), node, nodeMessage, types };
  }

  get #speaks(): boolean {
    return this.#open && this.#ending === undefined;
  }

  #receive(bytes: Buffer): void {
    let received: Received<Request>;
    try {
      received = this.#speech.decode(bytes, this.#context.limits);
    } catch (error) {
      if (error instanceof LimitExceeded) {
        this.#offend(error);
      } else {
        this.#context.onOffence(this.#address, 'It sent bytes that are no discovery request.');
        this.#fail(status.INVALID_ARGUMENT, (error as Error).message);
      }
      return;
    }
    if (this.#client === undefined) {
      const refusal = this.#context.authorize(this.#call, received.node);
      if (refusal !== undefined) {
        this.#fail(refusal.code, refusal.sentence);
        return;
      }
      this.#client = this.#greet(received);
    }
    this.#context.onType(received.request.typeUrl);
    const { request } = received;
    const { stream, view } = this.#client;
    this.#charges.take(request, stream, view);
    const actions = stream.request(request);
    const excess = this.#charges.settle(stream, actions);
    if (excess === undefined) this.#run(this.#client, actions);
    else this.#offend(excess);
  }

  #greet({ node, nodeMessage = { client_features: [] } }: Received<Request>): Client<Request> {
    const { store, groupsOf } = this.#context;
    const { variant, typeUrl } = this.#speech;
    const groups = groupsOf(node);
    const view = store.view(...groups);
    const stream = this.#speech.stream({ id: this.#id, view, typeUrl });
    const client = { node, nodeMessage, groups, view, stream, connectedAt: now() };
    this.#introduce(client);
    this.#tell(client, { type: 'connected', variant });
    return client;
  }

  #introduce(client: Client<Request>): void {
    this.#patience = setTimeout(() => {
      this.#attempt(() => {
        const { actions, isLast } = client.stream.introduced();
        this.#run(client, actions);
        if (isLast) this.#established = true;
        else this.#introduce(client);
      });
    }, this.#context.limits.introductionMs);
  }

  #run(client: Client<Request>, actions: readonly Action[]): void {
    for (const action of actions) {
      if (!this.#speaks) return;
      this.#execute(client, action);
    }
  }

  #execute(client: Client<Request>, action: Action): void {
    switch (action.type) {
      case 'respond': {
        const { typeUrl, nonce, changes } = action;
        const message = encodeResponse(this.#speech.variant, action);
        this.#outbox.write(message);
        this.#count(typeUrl).sent += 1;
        const { sequence } = this.#context.store;
        this.#tell(client, { type: 'pushed', typeUrl, nonce, changes, sequence, bytes: message.byteLength });
        return;
      }
      case 'acknowledged': {
        const count = this.#count(action.typeUrl);
        if (action.nonce !== '') count.acknowledged += 1;
        delete count.error;
        this.#answersTo(client, action.typeUrl).accept(action.changes, now());
        this.#tell(client, action);
        return;
      }
      case 'refused': {
        const count = this.#count(action.typeUrl);
        count.refused += 1;
        count.error = action.error.message;
        this.#answersTo(client, action.typeUrl).refuse(action.changes, action.error, now());
        this.#tell(client, action);
        return;
      }
      case 'fail':
        this.#offend(invalid(action.message));
        return;
      default:
        action satisfies never;
    }
  }

  #count(typeUrl: string) {
    let count = this.#counts.get(typeUrl);
    if (count === undefined) {
      count = { sent: 0, acknowledged: 0, refused: 0 };
      this.#counts.set(typeUrl, count);
    }
    return count;
  }

  #answersTo({ stream }: Client<Request>, typeUrl: string): Answers {
    let answers = this.#answers.get(typeUrl);
    if (answers === undefined) {
      const type = stream.types().find((candidate) => candidate.typeUrl === typeUrl);
      answers = new Answers((name) => type?.wants(name) ?? false);
      this.#answers.set(typeUrl, answers);
    }
    return answers;
  }

  /** An error on one stream ends that stream: its client connects anew, and the others do not notice. */
  #attempt(run: () => void): void {
    if (!this.#speaks) return;
    try {
      run();
    } catch (error) {
      this.#context.log.error({ err: error, node: this.#client?.node.id }, 'A discovery stream failed and was ended.');
      this.#fail(status.INTERNAL, 'The control plane failed on this stream; its log says why.');
    }
  }

  #offend({ code, message }: LimitExceeded): void {
    this.#context.onOffence(this.#address, message);
    this.#fail(code, message);
  }

  #fail(code: status, details: string): void {
    this.#call.emit('error', { code, details, message: details, metadata: messageTrailers(details) });
  }

  #tell(client: Client<Request>, what: DistributiveOmit<XdsEvent, 'at' | 'node' | 'groups' | 'stream'>): void {
    const event = { at: now(), node: client.node.id, groups: client.groups, stream: this.#id, ...what };
    this.#context.onEvent(event, this.#address);
  }

  #close(reason: string): boolean {
    if (!this.#open) return false;
    this.#open = false;
    clearTimeout(this.#patience);
    if (this.#client !== undefined) this.#tell(this.#client, { type: 'disconnected', reason });
    return true;
  }
}

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

function now(): number {
  return performance.timeOrigin + performance.now();
}
