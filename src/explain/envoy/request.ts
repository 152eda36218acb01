/** A request as Envoy's filters and routes see it. */
export interface SeenRequest {
  readonly method: string;
  /** With its port, if it has one. */
  readonly authority: string;
  /** With its query. */
  readonly path: string;
  /** Lines by name in lower case, in the order in which they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** All lines of a header; pseudo-headers are headers too. */
export function linesOf(request: SeenRequest, name: string): readonly string[] {
  switch (name) {
    case ':method':
      return [request.method];
    case ':authority':
      return [request.authority];
    case ':path':
      return [request.path];
    default:
      return request.headers.get(name) ?? [];
  }
}

/** All lines of a header as one value. */
export function headerOf(request: SeenRequest, name: string): string | undefined {
  const lines = linesOf(request, name);
  return lines.length === 0 ? undefined : lines.join(',');
}

/** The path without its query. */
export function pathOf({ path }: SeenRequest): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

/** The first parameter of this name, as it stands in the URL. */
export function queryParameter({ path }: SeenRequest, name: string): string | undefined {
  const query = path.indexOf('?');
  if (query === -1) return undefined;
  for (const parameter of path.slice(query + 1).split('&')) {
    const equals = parameter.indexOf('=');
    if ((equals === -1 ? parameter : parameter.slice(0, equals)) !== name) continue;
    return equals === -1 ? '' : parameter.slice(equals + 1);
  }
  return undefined;
}

/** The first cookie of this name, without quotes; spaces count but before the name. */
export function cookieOf({ headers }: SeenRequest, name: string): string | undefined {
  for (const line of headers.get('cookie') ?? []) {
    for (const pair of line.split(';')) {
      const equals = pair.indexOf('=');
      if (equals === -1 || pair.slice(0, equals).replace(/^ +/, '') !== name) continue;
      const value = pair.slice(equals + 1);
      return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
    }
  }
  return undefined;
}
