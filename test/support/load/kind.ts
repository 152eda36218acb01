/** How a request is sent. A gRPC request is a unary call. */
export type LoadProtocol = 'HTTP/1.1' | 'HTTP/2' | 'gRPC';

/** What is sent to the gateway, in every detail that decides where it goes. */
export interface OutgoingRequest {
  readonly protocol: LoadProtocol;
  readonly method: 'GET' | 'POST';
  /** The name it is for: the `Host` or `:authority`. */
  readonly authority: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a gRPC request, the text of its message. */
  readonly body: string;
}

/** Requests that are all the same, and who may answer them. */
export interface RequestKind extends OutgoingRequest {
  /** In reports, beside protocol and method. Kinds of one name are answered by the same. */
  readonly name: string;
  /** Titles of the echo upstreams of which any may answer. */
  readonly answeredBy: readonly string[];
}

/** A `GET`, a `POST` with a body, or a unary call: what every kind is made from. */
export function requestKind(
  fields: Pick<RequestKind, 'name' | 'protocol' | 'authority' | 'answeredBy'> & Partial<RequestKind>,
): RequestKind {
  const method = fields.protocol === 'gRPC' ? 'POST' : 'GET';
  const path = fields.protocol === 'gRPC' ? '/echo.Echo/Say' : '/';
  const body = fields.protocol === 'gRPC' ? 'hello' : fields.method === 'POST' ? 'x'.repeat(2_000) : '';
  return { method, path, headers: {}, body, ...fields };
}
