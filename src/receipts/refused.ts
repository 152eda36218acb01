import type { Problem } from '../problems.ts';
import type { ResourceName, ResourceStore } from '../resources/index.ts';
import type { NamedVersion, XdsEvent } from '../xds/index.ts';
import { keyOf } from './progress.ts';

/** A resource that Envoys refuse as it is now. */
export interface RefusedResource extends ResourceName {
  /** Of those that refuse it, the first that is connected still, and what it said. */
  readonly node: string;
  readonly reason: string;
  /** What is refused; absent if that there is none any more. */
  readonly version: string | undefined;
}

export interface RefusedResourcesOptions {
  readonly store: ResourceStore;
  /** Told when the first Envoy refuses a resource, and with nothing when the last does not any more. */
  readonly onChange: (resource: ResourceName, refused: RefusedResource | undefined) => void;
}

/** Which resources are refused by anybody, whoever else takes them. Bounded by what is refused, which is little. */
export class RefusedResources {
  readonly #options: RefusedResourcesOptions;
  readonly #refused = new Map<string, { readonly name: ResourceName; readonly by: Map<string, Refuser> }>();
  readonly #told = new Map<string, RefusedResource>();

  constructor(options: RefusedResourcesOptions) {
    this.#options = options;
  }

  event(event: XdsEvent): void {
    switch (event.type) {
      case 'refused':
        // Of what is sent again in parts nobody knows yet which is at fault.
        if (!event.again) for (const change of event.changes) this.#refuse(change, event);
        break;
      case 'acknowledged':
        if (this.#refused.size === 0) break;
        for (const { name } of event.changes) this.#accept(keyOf({ typeUrl: event.typeUrl, name }), event.stream);
        break;
      case 'disconnected':
        for (const key of [...this.#refused.keys()]) this.#accept(key, event.stream);
        break;
      case 'connected':
      case 'pushed':
        break;
      default:
        event satisfies never;
    }
  }

  /** A change of the store: what is gone is refused by nobody. */
  stored(): void {
    for (const [key, { name, by }] of this.#refused) {
      for (const [stream, { groups }] of by) {
        const { typeUrl, name: of } = name;
        if (this.#options.store.view(...groups).get(typeUrl, of) === undefined) this.#accept(key, stream);
      }
    }
  }

  #refuse(
    { name: title, version }: NamedVersion,
    { typeUrl, node, stream, groups, error }: XdsEvent & { type: 'refused' },
  ): void {
    const name = { typeUrl, name: title };
    const key = keyOf(name);
    const refused = this.#refused.get(key) ?? { name, by: new Map<string, Refuser>() };
    this.#refused.set(key, refused);
    refused.by.delete(stream);
    refused.by.set(stream, { node, groups, version, reason: error.message });
    this.#tell(key, name);
  }

  #accept(key: string, stream: string): void {
    const refused = this.#refused.get(key);
    if (refused?.by.delete(stream) !== true) return;
    if (refused.by.size === 0) this.#refused.delete(key);
    this.#tell(key, refused.name);
  }

  #tell(key: string, { typeUrl, name }: ResourceName): void {
    const [first] = this.#refused.get(key)?.by.values() ?? [];
    const before = this.#told.get(key);
    if (before?.reason === first?.reason && before?.version === first?.version) return;
    const now = first && { typeUrl, name, node: first.node, reason: first.reason, version: first.version };
    if (now === undefined) this.#told.delete(key);
    else this.#told.set(key, now);
    this.#options.onChange({ typeUrl, name }, now);
  }
}

interface Refuser {
  readonly node: string;
  readonly groups: readonly string[];
  readonly version: string | undefined;
  readonly reason: string;
}

/**
 * What the owners of objects are told of a resource that an Envoy refuses.
 *
 * @param objects those that the resource is due to; if nobody knows them, it is told of the resource.
 */
export function refusalProblems(
  { typeUrl, name, node, reason }: RefusedResource,
  objects: readonly string[],
): readonly Problem[] {
  const title = `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}`;
  return (objects.length === 0 ? [title] : objects).map((object) => ({
    code: 'gateway-refuses',
    object,
    message: `the gateway ${JSON.stringify(node)} refuses ${title}, which it is part of, and keeps what it had: ${reason}`,
    advice: 'Take back the last change of it, or write what the gateway can take.',
  }));
}
