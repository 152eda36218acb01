import type { GatewayStatus, PreviewStatus, ServiceStatus } from '../status/index.ts';
import { type Asked, ask } from './ask.ts';

/** All previews that a running control plane knows, in force or not. */
export async function askPreviews(asked: Asked, signal?: AbortSignal): Promise<readonly PreviewStatus[]> {
  const { previews } = (await ask(asked, '/api/v1/previews', signal)) as { previews: readonly PreviewStatus[] };
  return previews;
}

/** Its baselines. */
export async function askServices(asked: Asked, signal?: AbortSignal): Promise<readonly ServiceStatus[]> {
  const { services } = (await ask(asked, '/api/v1/services', signal)) as { services: readonly ServiceStatus[] };
  return services;
}

/** The clients that are connected to it. */
export async function askGateways(asked: Asked, signal?: AbortSignal): Promise<readonly GatewayStatus[]> {
  const { gateways } = (await ask(asked, '/api/v1/gateways', signal)) as { gateways: readonly GatewayStatus[] };
  return gateways;
}

/** Those that people mean by a key, or by the name of an object: `NAME`, `NAMESPACE/NAME`. */
export function previewsCalled(word: string, previews: readonly PreviewStatus[]): readonly PreviewStatus[] {
  return previews.filter(({ key, namespace, name }) => [key, name, `${namespace}/${name}`].includes(word));
}
