/** An Envoy resource, encoded once and shared by every stream that it is sent to. Frozen. */
export interface Resource {
  readonly typeUrl: string;
  readonly name: string;
  /** Never empty, and another for each content: most often a hash of it, the same on every replica and after every restart. */
  readonly version: string;
  /** The encoded message: the value of the `google.protobuf.Any` that carries it. */
  readonly body: Uint8Array;
  /**
   * Names a resource that a client needs again whenever it is sent this one, even unchanged: a Cluster's
   * ClusterLoadAssignment, without which an Envoy warms a changed cluster until a timeout.
   */
  readonly follower?: ResourceName | undefined;
  /**
   * The names of all Clusters that it sends requests to: a RouteConfiguration's, say. A client that cannot have one of them
   * keeps what it has of this resource. Undefined if nobody knows.
   */
  readonly references?: ReadonlySet<string> | undefined;
}

export interface ResourceName {
  readonly typeUrl: string;
  readonly name: string;
}
