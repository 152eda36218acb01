import { createRequire } from 'node:module';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { HealthImplementation, ServingStatus } from 'grpc-health-check';
import { type Addable, addLazily } from './lazy-service.ts';
import type { SideServices } from './side-services.ts';

export const HEALTH_SERVICE = 'grpc.health.v1.Health';

const require = createRequire(import.meta.url);

/** The package, loaded at the first call. */
export function loadHealth(): typeof import('grpc-health-check') {
  return require('grpc-health-check');
}

/** What the server says of its health. */
export interface Health {
  /** Tells those who watch, if it is news. */
  set(serving: boolean): void;
}

/**
 * gRPC health checking, of the server (by the empty name) and of each of these services: not serving until it is told
 * otherwise. https://grpc.io/docs/guides/health-checking/
 */
export function addHealth(services: SideServices, serviceNames: readonly string[]): Health {
  const names = ['', ...serviceNames];
  let status: ServingStatus = 'NOT_SERVING';
  let implementation: HealthImplementation | undefined;
  const routes = [
    { path: `/${HEALTH_SERVICE}/Check`, requestStream: false, responseStream: false },
    { path: `/${HEALTH_SERVICE}/Watch`, requestStream: false, responseStream: true },
    { path: `/${HEALTH_SERVICE}/List`, requestStream: false, responseStream: false },
  ];
  addLazily(services, routes, () => {
    const { HealthImplementation } = loadHealth();
    implementation = new HealthImplementation(Object.fromEntries(names.map((name) => [name, status])));
    return withBoundedWatch(implementation, new Set(names));
  });
  return {
    set(serving) {
      const next = serving ? 'SERVING' : 'NOT_SERVING';
      if (next === status) return;
      status = next;
      for (const name of names) implementation?.setStatus(name, status);
    },
  };
}

/** The package keeps each name that anybody ever watched, so it is not told of those that nobody here will ever have. */
function withBoundedWatch(implementation: HealthImplementation, names: ReadonlySet<string>): Addable {
  return {
    addToServer: (server) =>
      implementation.addToServer({
        addService(definition, { watch, ...handlers }) {
          const boundedWatch = (call: WatchCall) => {
            if (names.has(call.request.service)) (watch as (call: WatchCall) => void)(call);
            else call.write({ status: 'SERVICE_UNKNOWN' });
          };
          server.addService(definition, { ...handlers, watch: boundedWatch });
        },
      }),
  };
}

type WatchCall = ServerWritableStream<{ readonly service: string }, { readonly status: string }>;
