import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

export const ourDirectory = fileURLToPath(new URL('../../../protos', import.meta.url));

const nodeModules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** Envoy's own definitions, as the gRPC project ships them. */
const officialDirectories = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) =>
  join(nodeModules, '@grpc/grpc-js-xds/deps', name),
);

/** The .proto files below a folder, relative to it. */
export function protoFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.proto'));
}

/** All definitions below a folder, with their comments. */
export function load(directory: string): protobuf.Root {
  return loadFrom([directory], protoFiles(directory));
}

/** The official files of the same names, with all that they import. */
export function loadOfficial(files: readonly string[]): protobuf.Root {
  const known = files.filter((file) => officialDirectories.some((directory) => existsSync(join(directory, file))));
  return loadFrom(officialDirectories, known);
}

function loadFrom(directories: readonly string[], files: readonly string[]): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => {
    if (isAbsolute(target)) return target;
    // protobufjs has most of google/protobuf in itself, and descriptor.proto as a file.
    const places = [...directories, join(nodeModules, 'protobufjs')].map((directory) => join(directory, target));
    return places.find(existsSync) ?? target;
  };
  root.loadSync([...files], { keepCase: true, alternateCommentMode: true });
  root.resolveAll();
  return root;
}

export type Definition = protobuf.Type | protobuf.Enum | protobuf.Service;

/** Every message, enum and service but Google's well-known types, by full name. */
export function definitions(root: protobuf.Root): Map<string, Definition> {
  const found = new Map<string, Definition>();
  const visit = (namespace: protobuf.NamespaceBase): void => {
    for (const nested of namespace.nestedArray) {
      const name = nested.fullName.slice(1);
      if (name === 'google.protobuf') continue;
      if (nested instanceof protobuf.Type || nested instanceof protobuf.Enum || nested instanceof protobuf.Service) {
        found.set(name, nested);
      }
      if (nested instanceof protobuf.Namespace) visit(nested);
    }
  };
  visit(root);
  return found;
}

/** The file that defines something, relative to the folder that its imports start from. */
export function fileOf(definition: Definition, directories: readonly string[] = officialDirectories): string {
  const file = definition.filename ?? '';
  const directory = directories.find((candidate) => file.startsWith(candidate));
  return directory === undefined ? file : relative(directory, file);
}
