import { encode, type MessageName, type MessageTypes, typeUrl } from '../protos/index.ts';
import { followerOf, nameIn } from './identity.ts';
import type { Resource, ResourceName } from './resource.ts';
import { contentVersion } from './version.ts';

export interface ResourceOptions {
  /**
   * The name that clients ask for it by. Left out, it is the one that the message says: that of a Cluster, Listener,
   * RouteConfiguration, ScopedRouteConfiguration, TypedExtensionConfig, Secret or Runtime, and the `cluster_name` of a ClusterLoadAssignment.
   */
  readonly name?: string | undefined;
  /**
   * Whatever tells this content from any other of this name. Left out, it is a hash of the bytes: the same on every replica
   * and after every restart.
   */
  readonly version?: string | undefined;
  /**
   * What a client needs again whenever it is sent this one. Left out, it is the ClusterLoadAssignment of a Cluster that
   * takes its endpoints from EDS, and nothing of any other.
   */
  readonly follower?: ResourceName | undefined;
  /**
   * The names of all Clusters that it sends requests to. Changes of it wait for these, and not for others; for one that a
   * client refused and has no earlier version of, until that is mended. Left out, changes wait for all that changed before.
   */
  readonly references?: Iterable<string> | undefined;
}

/** An encoded message and its type: a google.protobuf.Any. */
export interface AnyBytes {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/**
 * A resource of a message that `protos/` defines. Equal messages make equal bytes, in whatever order their maps were
 * written.
 *
 * @throws Error if the message cannot be encoded, or the resource would have no name or an empty version.
 */
export function resourceOf<Name extends MessageName>(
  typeName: Name,
  message: MessageTypes[Name],
  options?: ResourceOptions,
): Resource {
  return resourceOfAny({ type_url: typeUrl(typeName), value: encode(typeName, message) }, options);
}

/**
 * A resource of any type, whether `protos/` defines it or not, sent as these very bytes. They are not copied: nobody may
 * change them any more.
 *
 * @throws Error if the bytes have to be read and are no message, or the resource would have no name, type or version.
 */
export function resourceOfAny({ type_url, value }: AnyBytes, options: ResourceOptions = {}): Resource {
  if (type_url === '') throw new Error('A resource needs a type: say it as type_url.');
  const name = options.name ?? nameIn(type_url, value);
  if (!name) throw new Error(`A resource of ${type_url} needs a name: say it in the message, or as the option name.`);
  const version = options.version ?? contentVersion(value);
  // Where versions are compared, none stands for a resource that does not exist.
  if (version === '') throw new Error(`${type_url} "${name}" has an empty version: say one, or leave the option out.`);
  const follower = options.follower ?? followerOf(type_url, name, value);
  const references = options.references && new Set(options.references);
  return Object.freeze({ typeUrl: type_url, name, version, body: value, follower, references });
}
