import { createRequire } from 'node:module';
import protobuf from 'protobufjs';
import { fileOf, schema } from './schema.ts';

/** What a file of `protos/` defines at its top level. */
type Definition = protobuf.Type | protobuf.Enum | protobuf.Service;

/**
 * The files of `protos/`, and those of Google's that they need, as encoded google.protobuf.FileDescriptorProto: what gRPC
 * reflection hands out.
 *
 * protobufjs could make them too, but it names maps in a way that other libraries refuse, and leaves the imports out.
 */
export function fileDescriptors(): readonly Buffer[] {
  return describe(schema(), fileOf);
}

/** The same of a file that imports none, at this path, as others are to know it by name. */
export function fileDescriptorOf(path: string, name: string): Buffer {
  return describe(new protobuf.Root().loadSync(path, { keepCase: true }), () => name)[0]!;
}

type NameOf = (definition: protobuf.ReflectionObject) => string;

function describe(root: protobuf.Root, nameOf: NameOf): readonly Buffer[] {
  const descriptorJson = createRequire(import.meta.url)('protobufjs/google/protobuf/descriptor.json');
  const type = protobuf.Root.fromJSON(descriptorJson).lookupType('google.protobuf.FileDescriptorProto');
  const files = Map.groupBy(definitions(root.resolveAll()), nameOf);
  return Array.from(files, ([name, content]) => {
    const descriptor = type.fromObject(fileDescriptor(name, content, nameOf));
    return Buffer.from(type.encode(descriptor).finish());
  });
}

function definitions(namespace: protobuf.NamespaceBase): readonly Definition[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof protobuf.Type || nested instanceof protobuf.Enum || nested instanceof protobuf.Service) {
      return [nested];
    }
    return nested instanceof protobuf.Namespace ? definitions(nested) : [];
  });
}

function fileDescriptor(name: string, content: readonly Definition[], nameOf: NameOf) {
  const needed = new Set(content.flatMap(references).map(nameOf));
  needed.delete(name);
  return {
    name,
    package: content[0]?.parent?.fullName.slice(1),
    dependency: [...needed].sort(),
    messageType: content.filter((definition) => definition instanceof protobuf.Type).map(messageDescriptor),
    enumType: content.filter((definition) => definition instanceof protobuf.Enum).map(enumDescriptor),
    service: content.filter((definition) => definition instanceof protobuf.Service).map(serviceDescriptor),
    syntax: 'proto3',
  };
}

/** All messages and enums that a definition uses. */
function references(definition: protobuf.ReflectionObject): readonly (protobuf.Type | protobuf.Enum)[] {
  if (definition instanceof protobuf.Service) {
    return definition.methodsArray.flatMap((method) => [
      ...present(method.resolvedRequestType),
      ...present(method.resolvedResponseType),
    ]);
  }
  if (!(definition instanceof protobuf.Type)) return [];
  const fields = definition.fieldsArray.flatMap((field) => present(field.resolvedType));
  return [...fields, ...definition.nestedArray.flatMap(references)];
}

function present<T>(value: T | null): readonly T[] {
  return value === null ? [] : [value];
}

function messageDescriptor(type: protobuf.Type): object {
  const maps = type.fieldsArray.filter((field) => field instanceof protobuf.MapField);
  const nested = type.nestedArray.filter((definition) => definition instanceof protobuf.Type);
  return {
    name: type.name,
    field: type.fieldsArray.map(fieldDescriptor),
    nestedType: [...nested.map(messageDescriptor), ...maps.map(mapEntryDescriptor)],
    enumType: type.nestedArray.filter((definition) => definition instanceof protobuf.Enum).map(enumDescriptor),
    oneofDecl: type.oneofsArray.map(({ name }) => ({ name })),
  };
}

function fieldDescriptor(field: protobuf.Field): object {
  const type = field.map
    ? { type: 'TYPE_MESSAGE', typeName: `${field.parent?.fullName}.${mapEntryName(field)}` }
    : valueType(field.type, field.resolvedType);
  return {
    name: officialName(field),
    number: field.id,
    label: field.map || field.repeated ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
    ...type,
    ...(field.partOf ? { oneofIndex: (field.parent as protobuf.Type).oneofsArray.indexOf(field.partOf) } : {}),
  };
}

/** protobufjs has Google's own messages in itself, with their fields in camelCase. */
function officialName({ name, parent }: protobuf.Field): string {
  return parent?.parent?.fullName === '.google.protobuf' ? name.replace(/[A-Z]/g, '_$&').toLowerCase() : name;
}

/** A map is a repeated message of two fields. https://protobuf.dev/programming-guides/proto3/#backwards */
function mapEntryDescriptor(field: protobuf.MapField): object {
  const entry = (name: string, number: number, type: object) => ({ name, number, label: 'LABEL_OPTIONAL', ...type });
  return {
    name: mapEntryName(field),
    field: [
      entry('key', 1, valueType(field.keyType, null)),
      entry('value', 2, valueType(field.type, field.resolvedType)),
    ],
    options: { mapEntry: true },
  };
}

/** As protoc names it: readers check that. */
function mapEntryName({ name }: protobuf.FieldBase): string {
  return `${name.replace(/(?:^|_)([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())}Entry`;
}

function valueType(name: string, resolved: protobuf.Type | protobuf.Enum | null): object {
  if (resolved === null) return { type: `TYPE_${name.toUpperCase()}` };
  return { type: resolved instanceof protobuf.Enum ? 'TYPE_ENUM' : 'TYPE_MESSAGE', typeName: resolved.fullName };
}

function enumDescriptor({ name, values }: protobuf.Enum): object {
  return { name, value: Object.entries(values).map(([value, number]) => ({ name: value, number })) };
}

function serviceDescriptor({ name, methodsArray }: protobuf.Service): object {
  return {
    name,
    method: methodsArray.map((method) => ({
      name: method.name,
      inputType: method.resolvedRequestType?.fullName,
      outputType: method.resolvedResponseType?.fullName,
      clientStreaming: method.requestStream === true,
      serverStreaming: method.responseStream === true,
    })),
  };
}
