import { createRequire } from 'node:module';
import { fileDescriptorOf, fileDescriptors } from '../protos/index.ts';
import { HEALTH_SERVICE, loadHealth } from './health.ts';
import { addLazily } from './lazy-service.ts';
import type { SideServices } from './side-services.ts';

const require = createRequire(import.meta.url);

/**
 * gRPC reflection, by which tools such as grpcurl call services without having their definitions: the messages of `protos/`
 * and these services of it, and health. https://grpc.io/docs/guides/reflection/
 */
export function addReflection(services: SideServices, serviceNames: readonly string[]): void {
  const routes = ['v1', 'v1alpha'].map((version) => ({
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    requestStream: true,
    responseStream: true,
  }));
  addLazily(services, routes, () => {
    const { ReflectionService }: typeof import('@grpc/reflection') = require('@grpc/reflection');
    const health = fileDescriptorOf(loadHealth().protoPath, 'grpc/health/v1/health.proto');
    // Of a package's definitions it reads nothing but the descriptors.
    const all = { format: FORMAT, type: {}, fileDescriptorProtos: [...fileDescriptors(), health] };
    return new ReflectionService({ all }, { services: [...serviceNames, HEALTH_SERVICE] });
  });
}

/** As proto-loader calls it. */
const FORMAT = 'Protocol Buffer 3 DescriptorProto' as const;
