import { hostname } from 'node:os';
import { readClaim, readListen, readTrustHeader } from './listen-values.ts';
import { logLevels, protocols, type SettingField, type Settings } from './settings.ts';
import { readClientRule, readServerName } from './trust-values.ts';
import {
  type Reader,
  readBaggageName,
  readBoolean,
  readCookieName,
  readDnsLabel,
  readHeaderName,
  readHostPort,
  readList,
  readNumber,
  readOneOf,
  readOrigin,
  readPreviewDomain,
  readQueryName,
  readReservedPath,
  readText,
  readTracestateKey,
} from './values.ts';

/**
 * One setting, for the file, the environment and the flags alike: its name is the key in the file, `--name` the flag,
 * and `SHUNT_NAME` the environment variable.
 */
export interface Setting<V = unknown> {
  readonly name: string;
  /** `switch` flags need no value; `list` flags may be repeated. */
  readonly kind: 'single' | 'switch' | 'list';
  /** What stands for the value in help. */
  readonly placeholder: string;
  readonly description: string;
  /** What may be written, as the end of a sentence that begins with "write". */
  readonly accepts: string;
  readonly default: V;
  /** The default as help shows it; absent where there is none. */
  readonly defaultText?: string;
  readonly read: Reader<V>;
}

const address = 'HOST:PORT, for example 127.0.0.1:18000 or [::1]:18000';
const onOff = 'on or off';

export const schema: { readonly [F in SettingField]: Setting<Settings[F]> } = {
  config: {
    name: 'config',
    kind: 'single',
    placeholder: 'FILE',
    description: 'Read settings from this YAML file.',
    accepts: 'the path of a file',
    default: undefined,
    read: readText,
  },
  directory: {
    name: 'directory',
    kind: 'single',
    placeholder: 'FOLDER',
    description: 'Watch the Kubernetes manifests in this folder.',
    accepts: 'the path of a folder',
    default: undefined,
    read: readText,
  },
  kubernetes: {
    name: 'kubernetes',
    kind: 'switch',
    placeholder: 'on|off',
    description: 'Watch a Kubernetes cluster: the one that this runs in, or the one of your kubeconfig.',
    accepts: onOff,
    default: false,
    defaultText: 'off',
    read: readBoolean,
  },
  kubeConfig: {
    name: 'kubeconfig',
    kind: 'single',
    placeholder: 'FILE',
    description: 'The kubeconfig of the cluster, instead of the one that kubectl would use or the service account.',
    accepts: 'the path of a kubeconfig',
    default: undefined,
    read: readText,
  },
  context: {
    name: 'context',
    kind: 'single',
    placeholder: 'NAME',
    description: 'The context of the kubeconfig, instead of its current one.',
    accepts: 'the name of a context, as "kubectl config get-contexts" lists them',
    default: undefined,
    read: readText,
  },
  namespace: {
    name: 'namespace',
    kind: 'list',
    placeholder: 'NAME',
    description: 'Watch only these namespaces of the cluster.',
    accepts: 'names of namespaces: lower-case letters, digits and "-", at most 63 characters',
    default: [],
    defaultText: 'all',
    read: readList(readDnsLabel),
  },
  lastGood: {
    name: 'last-good',
    kind: 'single',
    placeholder: 'FILE',
    description:
      'Keep what was last read of the cluster in this file, and serve it if the API server is not there at start.',
    accepts: 'the path of a file, in a folder that outlives the process',
    default: undefined,
    read: readText,
  },
  announce: {
    name: 'announce',
    kind: 'single',
    placeholder: 'on|off',
    description: 'Whether to tell in the cluster how previews stand: as Events, and in a ConfigMap.',
    accepts: onOff,
    default: undefined,
    defaultText: 'on in a Pod, else off',
    read: readBoolean,
  },
  announceName: {
    name: 'announce-name',
    kind: 'single',
    placeholder: 'NAME',
    description: 'The name of the Lease by which one replica does that; the ConfigMap is NAME-previews.',
    accepts: 'a name: lower-case letters, digits and "-", at most 63 characters',
    default: 'shunt',
    defaultText: 'shunt',
    read: readDnsLabel,
  },
  announceNamespace: {
    name: 'announce-namespace',
    kind: 'single',
    placeholder: 'NAME',
    description: "The namespace of the Lease and the ConfigMap, instead of the Pod's own.",
    accepts: 'the name of a namespace: lower-case letters, digits and "-", at most 63 characters',
    default: undefined,
    read: readDnsLabel,
  },
  xds: {
    name: 'xds',
    kind: 'single',
    placeholder: 'HOST:PORT',
    description: 'Where the control plane serves Envoys (ADS), or where an Envoy reaches it.',
    accepts: address,
    default: { host: '127.0.0.1', port: 18000 },
    defaultText: '127.0.0.1:18000',
    read: readHostPort({ names: true, anyPort: true }),
  },
  xdsCert: {
    name: 'xds-cert',
    kind: 'single',
    placeholder: 'FILE',
    description:
      'The certificate that this side shows to the other, for TLS between Envoy and control plane. Read again when it changes.',
    accepts: 'the path of a PEM file',
    default: undefined,
    read: readText,
  },
  xdsKey: {
    name: 'xds-key',
    kind: 'single',
    placeholder: 'FILE',
    description: 'The private key of xds-cert.',
    accepts: 'the path of a PEM file',
    default: undefined,
    read: readText,
  },
  xdsCa: {
    name: 'xds-ca',
    kind: 'single',
    placeholder: 'FILE',
    description:
      "The CA that the other side's certificate must come from: with it a control plane asks Envoys for certificates.",
    accepts: 'the path of a PEM file',
    default: undefined,
    read: readText,
  },
  xdsClient: {
    name: 'xds-client',
    kind: 'list',
    placeholder: 'RULE',
    description:
      'An Envoy that may connect, by a DNS name or URI of its certificate, and what it may claim: ' +
      '"IDENTITY node=ID namespace=NAME". In each, "*" at the end stands for anything.',
    accepts:
      'an identity and what it may claim, for example spiffe://example.com/ns/shop/* node=gateway-* namespace=shop',
    default: [],
    defaultText: 'all with a certificate from xds-ca, as anything',
    read: readList(readClientRule),
  },
  xdsPlaintext: {
    name: 'xds-plaintext',
    kind: 'switch',
    placeholder: 'on|off',
    description: 'Serve Envoys on other machines without TLS: whoever reaches the port can read everything.',
    accepts: onOff,
    default: false,
    defaultText: 'off',
    read: readBoolean,
  },
  xdsStreams: {
    name: 'xds-streams',
    kind: 'single',
    placeholder: 'NUMBER',
    description:
      'How many streams there may be to Envoys; those of one identity or address may be half of them. An Envoy has one.',
    accepts: 'a whole number from 2 on, for example 50000',
    default: 20_000,
    defaultText: '20000',
    read: readNumber(2),
  },
  xdsRequests: {
    name: 'xds-requests',
    kind: 'single',
    placeholder: 'NUMBER',
    description:
      'How often a second the Envoys of one identity or address may ask for something; forty times as often in a burst. ' +
      'Answers to what they are sent do not count.',
    accepts: 'a whole number from 1 on, for example 20000',
    default: 5_000,
    defaultText: '5000',
    read: readNumber(1),
  },
  xdsMemory: {
    name: 'xds-memory',
    kind: 'single',
    placeholder: 'MIB',
    description:
      'How much memory the names that Envoys ask for and their unfinished requests may take; those of one identity or address ' +
      'may take three quarters of it.',
    accepts: 'a whole number of MiB, for example 1024',
    default: undefined,
    defaultText: 'half of the memory that Node.js may use',
    read: readNumber(1),
  },
  xdsServerName: {
    name: 'xds-server-name',
    kind: 'single',
    placeholder: 'NAME',
    description: "What must stand in the control plane's certificate.",
    accepts: 'a DNS name, an IP address or a URI, for example shunt.shunt-system.svc or spiffe://example.com/shunt',
    default: undefined,
    defaultText: 'the host of xds',
    read: readServerName,
  },
  sdsDirectory: {
    name: 'sds-directory',
    kind: 'single',
    placeholder: 'FOLDER',
    description: 'Where to write the files through which the Envoy learns that a certificate has changed.',
    accepts: 'the path of a folder',
    default: undefined,
    read: readText,
  },
  admin: {
    name: 'admin',
    kind: 'single',
    placeholder: 'HOST:PORT',
    description: 'Where the control plane serves its health, its metrics and how everything stands.',
    accepts: address,
    default: { host: '127.0.0.1', port: 19000 },
    defaultText: '127.0.0.1:19000',
    read: readHostPort({ names: true, anyPort: true }),
  },
  adminToken: {
    name: 'admin-token',
    kind: 'single',
    placeholder: 'FILE',
    description: 'The file with the token by which others than this machine may ask how everything stands.',
    accepts: 'the path of a file',
    default: undefined,
    read: readText,
  },
  logLevel: {
    name: 'log-level',
    kind: 'single',
    placeholder: 'LEVEL',
    description: 'The least severe of the lines that are logged.',
    accepts: `one of ${logLevels.join(', ')}`,
    default: 'info',
    defaultText: 'info',
    read: readOneOf(logLevels),
  },
  listen: {
    name: 'listen',
    kind: 'list',
    placeholder: 'LISTENER',
    description:
      'Where the gateways accept requests, and whom they trust with keys there: "IP:PORT trust=WHOM". WHOM is everyone, ' +
      'nobody, secret, jwt or a network, which may be repeated.',
    accepts:
      'IP:PORT, for example 0.0.0.0:10000 or [::]:10000, and after it trust=everyone (the default), trust=nobody, trust=secret, ' +
      'trust=jwt, or networks such as trust=10.0.0.0/8 trust=fd00::/8',
    default: [{ host: '127.0.0.1', port: 10000 }],
    defaultText: '127.0.0.1:10000',
    read: readList(readListen),
  },
  trustHeader: {
    name: 'trust-header',
    kind: 'single',
    placeholder: 'NAME',
    description: 'The request header that holds the secret, for listeners with trust=secret. Services never see it.',
    accepts: 'the name of a header, for example x-shunt-secret',
    default: 'x-shunt-secret',
    defaultText: 'x-shunt-secret',
    read: readTrustHeader,
  },
  trustSecret: {
    name: 'trust-secret',
    kind: 'single',
    placeholder: 'FILE',
    description: 'The file with the secret that the Envoy compares that header with.',
    accepts: 'the path of a file',
    default: undefined,
    read: readText,
  },
  trustJwks: {
    name: 'trust-jwks',
    kind: 'single',
    placeholder: 'FILE',
    description: 'The public keys that tokens are signed with, for listeners with trust=jwt. Read at the start.',
    accepts: 'the path of a file that holds a JWKS',
    default: undefined,
    read: readText,
  },
  trustClaim: {
    name: 'trust-claim',
    kind: 'single',
    placeholder: 'NAME',
    description: 'The claim of a token that is the key.',
    accepts: 'the name of a claim in letters, digits, "-", "_" and ":", with dots between the names of nested ones',
    default: 'preview',
    defaultText: 'preview',
    read: readClaim,
  },
  trustIssuer: {
    name: 'trust-issuer',
    kind: 'single',
    placeholder: 'NAME',
    description: 'What tokens must name as their issuer (iss).',
    accepts: 'a text, for example https://accounts.example.com',
    default: undefined,
    defaultText: 'any',
    read: readText,
  },
  trustAudience: {
    name: 'trust-audience',
    kind: 'list',
    placeholder: 'NAME',
    description: 'Of which tokens must name one as their audience (aud).',
    accepts: 'a text, for example previews.example.com',
    default: [],
    defaultText: 'any',
    read: readList(readText),
  },
  previewDomain: {
    name: 'preview-domain',
    kind: 'single',
    placeholder: 'DOMAIN',
    description: 'Preview URLs are http://KEY--SERVICE.DOMAIN.',
    accepts: 'a DNS name of at most 189 characters, for example preview.example.com',
    default: 'preview.localhost',
    defaultText: 'preview.localhost',
    read: readPreviewDomain,
  },
  keyHeader: {
    name: 'key-header',
    kind: 'single',
    placeholder: 'NAME|off',
    description: 'The request header that carries a key.',
    accepts: 'the name of a header, for example x-preview, or off',
    default: 'x-preview',
    defaultText: 'x-preview',
    read: readHeaderName,
  },
  keyBaggage: {
    name: 'key-baggage',
    kind: 'single',
    placeholder: 'NAME|off',
    description: 'The member of W3C baggage that carries a key.',
    accepts: 'the name of a baggage member, for example preview, or off',
    default: 'preview',
    defaultText: 'preview',
    read: readBaggageName,
  },
  keyTracestate: {
    name: 'key-tracestate',
    kind: 'single',
    placeholder: 'NAME|off',
    description: 'The member of W3C tracestate that carries a key.',
    accepts: 'the key of a tracestate member in lower case, for example preview or shop@preview, or off',
    default: undefined,
    defaultText: 'off',
    read: readTracestateKey,
  },
  keyCookie: {
    name: 'key-cookie',
    kind: 'single',
    placeholder: 'NAME|off',
    description: 'The cookie that carries a key.',
    accepts: 'the name of a cookie, for example preview, or off',
    default: 'preview',
    defaultText: 'preview',
    read: readCookieName,
  },
  keyQuery: {
    name: 'key-query',
    kind: 'single',
    placeholder: 'NAME|off',
    description: 'The query parameter that carries a key. It costs every request a look at its path.',
    accepts: 'the name of a query parameter in letters, digits, "-", ".", "_" and "~", for example preview, or off',
    default: undefined,
    defaultText: 'off',
    read: readQueryName,
  },
  keyHost: {
    name: 'key-host',
    kind: 'single',
    placeholder: 'on|off',
    description: 'Whether the host carries a key: whether there are preview URLs.',
    accepts: onOff,
    default: true,
    defaultText: 'on',
    read: readBoolean,
  },
  storeDiverted: {
    name: 'store-diverted',
    kind: 'switch',
    placeholder: 'on|off',
    description:
      'Whether caches may store the answers to diverted requests, as the services say; otherwise they say "cache-control: private, no-store".',
    accepts: onOff,
    default: false,
    defaultText: 'off',
    read: readBoolean,
  },
  browserPath: {
    name: 'browser-path',
    kind: 'single',
    placeholder: 'PATH|off',
    description:
      "The path on a baseline's hosts under which people choose a preview in a browser: PATH, PATH/use/KEY, PATH/clear.",
    accepts: 'a path such as /.shunt in letters, digits, "-", ".", "_" and "~", or off',
    default: '/.shunt',
    defaultText: '/.shunt',
    read: readReservedPath,
  },
  corsOrigin: {
    name: 'cors-origin',
    kind: 'list',
    placeholder: 'ORIGIN',
    description:
      'An origin whose scripts may send the headers that carry a key to other origins, and read who served, as far as the services permit the origin at all. "*." stands for one or more labels.',
    accepts: 'an origin, for example https://shop.example.com, https://*.example.com or http://localhost:3000',
    default: [],
    defaultText: 'none',
    read: readList(readOrigin),
  },
  nodeId: {
    name: 'node-id',
    kind: 'single',
    placeholder: 'NAME',
    description: "The Envoy's name for itself: each Envoy should have its own.",
    accepts: 'a name',
    default: `shunt-gateway-${hostname()}`,
    defaultText: 'shunt-gateway-HOSTNAME',
    read: readText,
  },
  protocol: {
    name: 'protocol',
    kind: 'single',
    placeholder: protocols.join('|'),
    description: 'How the Envoy is told of changes: only what changed (delta), or the state of the world (sotw).',
    accepts: `one of ${protocols.join(', ')}`,
    default: 'delta',
    defaultText: 'delta',
    read: readOneOf(protocols),
  },
  gatewayNamespace: {
    name: 'gateway-namespace',
    kind: 'single',
    placeholder: 'NAME',
    description: 'The namespace whose Services the Envoy reaches by their short names.',
    accepts: 'the name of a namespace: lower-case letters, digits and "-", at most 63 characters',
    default: undefined,
    read: readDnsLabel,
  },
  envoyAdmin: {
    name: 'envoy-admin',
    kind: 'single',
    placeholder: 'IP:PORT',
    description: "Where the Envoy's own admin interface listens. It is open to all who reach it.",
    accepts: 'IP:PORT, for example 127.0.0.1:19001',
    default: { host: '127.0.0.1', port: 19001 },
    defaultText: '127.0.0.1:19001',
    read: readHostPort({ names: false, anyPort: false }),
  },
  envoyProbe: {
    name: 'envoy-probe',
    kind: 'single',
    placeholder: 'IP:PORT',
    description:
      'Where the Envoy answers GET /ready and /stats/prometheus, and nothing else: what probes and scrapers may reach of its admin interface.',
    accepts: 'IP:PORT, for example 0.0.0.0:19002',
    default: undefined,
    read: readHostPort({ names: false, anyPort: false }),
  },
};

/** Every setting with its field, in the order of the schema, which is the order of help. */
export const settingEntries = Object.entries(schema) as readonly [SettingField, Setting][];

export function flagName(setting: Setting): string {
  return `--${setting.name}`;
}

export function variableName(setting: Setting): string {
  return `SHUNT_${setting.name.toUpperCase().replaceAll('-', '_')}`;
}
