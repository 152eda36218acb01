import { readdirSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const directory = fileURLToPath(new URL('../../protos/', import.meta.url));

let loaded: protobuf.Root | undefined;

/** All messages and services of `protos/`. Parsed at the first call, so that a command that needs none does not wait. */
export function schema(): protobuf.Root {
  loaded ??= load();
  return loaded;
}

/** @throws Error if `protos/` defines no message of that full name. */
export function messageType(typeName: string): protobuf.Type {
  return schema().lookupType(typeName);
}

/** The file that defines something, as imports name it. */
export function fileOf({ filename, fullName }: protobuf.ReflectionObject): string {
  if (filename) return relative(directory, filename).split(sep).join('/');
  const found = bundledFiles().find(([, root]) => root.lookup(fullName) !== null);
  if (found === undefined) throw new Error(`There is no file that defines ${fullName}.`);
  return found[0];
}

/** The files of `google/protobuf`, which protobufjs has in itself and so without a name. */
function bundledFiles(): readonly (readonly [name: string, root: protobuf.Root])[] {
  const names = Object.keys(protobuf.common).filter((name) => name.endsWith('.proto'));
  return names.map((name) => [name, protobuf.Root.fromJSON(protobuf.common.get(name) ?? {})]);
}

function load(): protobuf.Root {
  const root = new protobuf.Root();
  // protobufjs brings `google/protobuf/*` with it, under exactly these names.
  root.resolvePath = (_origin, target) =>
    target.startsWith('google/protobuf/') || isAbsolute(target) ? target : join(directory, target);
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.proto'));
  root.loadSync(files.sort(), { keepCase: true });
  root.resolveAll();
  writeJsonInSnakeCase(root);
  return root;
}

/** Canonical JSON writes names in camelCase and reads both; Envoy's documentation and its own dumps write them as here. */
function writeJsonInSnakeCase(namespace: protobuf.NamespaceBase): void {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Type)
      for (const field of nested.fieldsArray) Object.assign(field, { jsonName: field.name });
    if (nested instanceof protobuf.Namespace) writeJsonInSnakeCase(nested);
  }
}
