import type { Question } from './gateway.ts';

interface CurlRequest {
  /** As the page has it. */
  readonly line: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocol: NonNullable<Question['protocol']>;
  /** Of `--connect-to`. */
  readonly gatewayPort: number | undefined;
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A command of a page with what the page says comes of it. */
export type Command =
  /** After `#` stands who answers. */
  | (CurlRequest & { readonly kind: 'served-by'; readonly method: 'GET' | 'POST'; readonly expected: string })
  /** Below it stands the answer: a status, headers that it has, and its body. */
  | (CurlRequest & {
      readonly kind: 'answer';
      readonly status: string;
      readonly headersSeen: Readonly<Record<string, string>>;
      readonly body: string | undefined;
    })
  /** Below it stands the request as a service gets it, with all headers that matter. */
  | (CurlRequest & { readonly kind: 'received'; readonly received: Received })
  /** Below it stands what `shunt` prints; the sentence above says if the exit status is not 0. */
  | {
      readonly kind: 'shunt';
      readonly line: string;
      readonly args: readonly string[];
      readonly expected: string;
      readonly status: number;
    };

export interface PageExamples {
  /** The `yaml` block that begins with `# shunt.yaml`. */
  readonly settings: string;
  /** All other `yaml` blocks. */
  readonly manifests: readonly string[];
  readonly commands: readonly Command[];
}

/**
 * The examples of a page of `docs/`.
 * @throws if a command or a block is not understood, so that none is passed over.
 */
export function readExamples(page: string): PageExamples {
  const yaml = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text!);
  const settings = yaml.find((text) => text.startsWith('# shunt.yaml'));
  if (settings === undefined) throw new Error('The page has no block that begins with "# shunt.yaml".');
  const shell = [...page.matchAll(/(?<=([^\n]*)\n\n)^```sh\n(.*?)^```\n(?:\n^```\n(.*?)^```)?/gms)];
  const read = yaml.length + shell.length + shell.filter(([, , , below]) => below !== undefined).length;
  const blocks = page.match(/^```/gm)!.length / 2;
  if (blocks !== read) throw new Error(`Of ${blocks} blocks of the page, ${read} are understood.`);
  return {
    settings,
    manifests: yaml.filter((text) => text !== settings),
    commands: shell.flatMap(([, above, lines, below]) =>
      lines!
        .trimEnd()
        .split('\n')
        .map((line) => readCommand(line, below, above!)),
    ),
  };
}

function readCommand(line: string, below: string | undefined, above: string): Command {
  const [command, expected] = line.split(/ +# (?=[^#]*$)/) as [string, string | undefined];
  const [program, ...args] = [...command.matchAll(/'([^']*)'|[^ ]+/g)].map(([word, quoted]) => quoted ?? word);
  if (program === 'shunt' && below !== undefined) {
    return {
      kind: 'shunt',
      line,
      args,
      expected: below,
      status: Number(/exit status is (\d)/.exec(above)?.[1] ?? 0),
    };
  }
  if (program !== 'curl') throw new Error(`This example is not understood: ${line}`);
  const request = readCurl(line, args);
  if (expected !== undefined) {
    if (below !== undefined) throw new Error(`This example says what is seen twice: ${line}`);
    const { method } = request;
    if (method !== 'GET' && method !== 'POST') throw new Error(`Nobody asks by ${method} who answers: ${line}`);
    return { ...request, kind: 'served-by', method, expected };
  }
  if (below === undefined) throw new Error(`This example does not say what is seen: ${line}`);
  const [head, ...body] = below.trimEnd().split('\n\n');
  const [first, ...rest] = head!.split('\n');
  const lines = Map.groupBy(rest.map(readHeader), ([name]) => name);
  const headers = Object.fromEntries([...lines].map(([name, all]) => [name, all.map(([, value]) => value).join(', ')]));
  const [, status] = /^HTTP\/1\.1 (.+)$/.exec(first!) ?? [];
  if (status !== undefined) return { ...request, kind: 'answer', status, headersSeen: headers, body: body[0] };
  const [method, path] = first!.split(' ') as [string, string];
  return { ...request, kind: 'received', received: { method, path, headers } };
}

function readCurl(line: string, args: readonly string[]): CurlRequest {
  const headers: Record<string, string> = {};
  const rest = [...args];
  let url: URL | undefined;
  let [method, protocol]: [string, CurlRequest['protocol']] = ['GET', 'HTTP/1.1'];
  let gatewayPort: number | undefined;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--http2-prior-knowledge') protocol = 'HTTP/2';
    else if (word === '-X') method = rest.shift()!;
    else if (word === '--connect-to') gatewayPort = Number(rest.shift()!.split(':').at(-1));
    else if (word === '-H') {
      const [name, value] = readHeader(rest.shift()!);
      headers[name] = value;
    } else if (url === undefined && word.startsWith('http://')) url = new URL(word);
    else if (word !== '-i') throw new Error(`This example is not understood, at "${word}": ${line}`);
  }
  if (url === undefined) throw new Error(`This example has no URL: ${line}`);
  if (headers['content-type'] === 'application/grpc') protocol = 'gRPC';
  return { line, method, host: url.host, path: `${url.pathname}${url.search}`, headers, protocol, gatewayPort };
}

function readHeader(line: string): [name: string, value: string] {
  const [name, ...value] = line.split(': ');
  return [name!, value.join(': ')];
}
