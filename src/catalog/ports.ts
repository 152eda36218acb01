import type { ServicePort } from '../sources/source.ts';
import type { HttpPort, HttpProtocol } from './model.ts';

/** Application protocols whose requests carry no header that a gateway could read. */
const OPAQUE = new Set([
  'tcp',
  'udp',
  'sctp',
  'tls',
  'https',
  'kubernetes.io/wss',
  'redis',
  'mongo',
  'mysql',
  'postgres',
  'postgresql',
  'amqp',
  'kafka',
]);

const HTTP2 = new Set(['grpc', 'http2', 'h2c', 'kubernetes.io/h2c']);

/** What a port speaks, or why it cannot be intercepted. */
export type PortReading = { readonly port: HttpPort } | { readonly refusal: string };

/**
 * Reads the application protocol of a Service's port: `appProtocol`, else the port name up to its first `-`, else
 * HTTP/1.1.
 */
export function readPort(port: ServicePort): PortReading {
  const title = port.name === '' ? `port ${port.port}` : `port ${port.port} (${port.name})`;
  if (port.protocol !== 'TCP') return { refusal: `${title} is ${port.protocol}` };
  const spoken = (port.appProtocol ?? port.name.split('-')[0]!).toLowerCase();
  if (OPAQUE.has(spoken)) return { refusal: `${title} speaks ${spoken.toUpperCase()}` };
  const protocol: HttpProtocol = HTTP2.has(spoken) ? 'HTTP/2' : 'HTTP/1.1';
  const { name, port: number, targetPort = number } = port;
  return { port: Object.freeze({ name, port: number, protocol, targetPort }) };
}
