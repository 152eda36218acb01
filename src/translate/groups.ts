/** Clients that get some resources of their own instead of everybody's, by the names of their groups. */

/** gRPC libraries, which know no load balancing by subsets. */
export const GRPC_CLIENTS = 'grpc-clients';

/** Envoys whose callers stand in a namespace, and mean its Services by short names. */
export function callersIn(namespace: string): string {
  return `callers-in/${namespace}`;
}
