import type { MethodDefinition, Server, UntypedHandleCall } from '@grpc/grpc-js';
import type { SideServices } from './side-services.ts';

/** Where a method is called, and which of its sides send more than one message. */
export type Route = Pick<MethodDefinition<unknown, unknown>, 'path' | 'requestStream' | 'responseStream'>;

/** What packages that bring a gRPC service export. */
export interface Addable {
  addToServer(server: Pick<Server, 'addService'>): void;
}

interface Method {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: UntypedHandleCall;
}

/**
 * Adds services that are loaded at the first call: loading takes longer than a tenth of the whole start, and most servers
 * are never asked.
 */
export function addLazily(services: SideServices, routes: readonly Route[], load: () => Addable): void {
  let loaded: ReadonlyMap<string, Method> | undefined;
  for (const route of routes) {
    const method = (): Method => {
      loaded ??= methodsOf(load());
      return loaded.get(route.path)!;
    };
    const definition: MethodDefinition<unknown, unknown> = {
      ...route,
      requestSerialize: (message) => method().definition.requestSerialize(message),
      requestDeserialize: (bytes) => method().definition.requestDeserialize(bytes),
      responseSerialize: (message) => method().definition.responseSerialize(message),
      responseDeserialize: (bytes) => method().definition.responseDeserialize(bytes),
    };
    const handler = (...parameters: unknown[]) =>
      (method().handler as (...parameters: unknown[]) => void)(...parameters);
    services.addService({ [route.path]: definition }, { [route.path]: handler });
  }
}

function methodsOf(addable: Addable): ReadonlyMap<string, Method> {
  const methods = new Map<string, Method>();
  addable.addToServer({
    addService(definitions, handlers) {
      for (const [name, definition] of Object.entries(definitions)) {
        const handler = handlers[name] ?? handlers[definition.originalName ?? name];
        if (handler !== undefined) methods.set(definition.path, { definition, handler });
      }
    },
  });
  return methods;
}
