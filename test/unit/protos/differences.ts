import protobuf from 'protobufjs';
import { type Definition, definitions, fileOf } from './reflection.ts';

/** What of `ours`, a subset, is not as the official definitions have it: one sentence each. */
export function differences(ours: protobuf.Root, ourDirectory: string, official: protobuf.Root): string[] {
  const theirs = definitions(official);
  return Array.from(definitions(ours)).flatMap(([name, definition]) => {
    const counterpart = theirs.get(name);
    if (counterpart === undefined) return [`${name} does not exist officially`];
    return [
      ...compare(`${name}: file`, fileOf(definition, [ourDirectory]), fileOf(counterpart)),
      ...definitionDifferences(name, definition, counterpart),
    ];
  });
}

function definitionDifferences(name: string, ours: Definition, theirs: Definition): string[] {
  if (ours instanceof protobuf.Type && theirs instanceof protobuf.Type) {
    return ours.fieldsArray.flatMap((field) => fieldDifferences(name, field, theirs));
  }
  if (ours instanceof protobuf.Service && theirs instanceof protobuf.Service) {
    return ours.methodsArray.flatMap((method) => methodDifferences(name, method, theirs.methods[method.name]));
  }
  if (ours instanceof protobuf.Enum && theirs instanceof protobuf.Enum) {
    return compare(`${name}: values`, ours.values, theirs.values);
  }
  return [`${name} is a ${ours.constructor.name}, officially a ${theirs.constructor.name}`];
}

function fieldDifferences(message: string, ours: protobuf.Field, theirMessage: protobuf.Type): string[] {
  const name = `${message}.${ours.name}`;
  const theirs = theirMessage.fields[ours.name];
  if (theirs === undefined) return [`${name} does not exist officially`];
  return [
    ...compare(`${name}: number`, ours.id, theirs.id),
    ...compare(`${name}: type`, typeOf(ours), typeOf(theirs)),
    ...compare(`${name}: oneof`, ours.partOf?.name, theirs.partOf?.name),
    ...compare(`${name}: JSON name`, ours.jsonName, theirs.jsonName),
    ...compare(`${name}: packed`, ours.packed, theirs.packed),
  ];
}

function typeOf(field: protobuf.Field): string {
  const type = field.resolvedType?.fullName.slice(1) ?? field.type;
  if (field instanceof protobuf.MapField) return `map<${field.keyType}, ${type}>`;
  return field.repeated ? `repeated ${type}` : type;
}

function methodDifferences(service: string, ours: protobuf.Method, theirs: protobuf.Method | undefined): string[] {
  const name = `${service}.${ours.name}`;
  if (theirs === undefined) return [`${name} does not exist officially`];
  return compare(`${name}: signature`, signature(ours), signature(theirs));
}

function signature(method: protobuf.Method): string {
  const stream = (streams: boolean | undefined) => (streams ? 'stream ' : '');
  const request = `${stream(method.requestStream)}${method.resolvedRequestType?.fullName}`;
  return `${request} → ${stream(method.responseStream)}${method.resolvedResponseType?.fullName}`;
}

function compare(what: string, ours: unknown, theirs: unknown): string[] {
  const [our, their] = [JSON.stringify(ours), JSON.stringify(theirs)];
  return our === their ? [] : [`${what} is ${our}, officially ${their}`];
}
