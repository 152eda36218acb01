import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describe, expect, it } from 'vitest';
import { fileDescriptors } from '../../../src/protos/index.ts';
import { differences } from './differences.ts';
import { definitions, fileOf, load, ourDirectory, protoFiles } from './reflection.ts';

interface Message {
  name: string;
  field: { name: string; typeName?: string; label: number; oneofIndex?: number }[];
  nestedType: Message[];
  enumType: { name: string }[];
  oneofDecl: { name: string }[];
  options?: { mapEntry?: boolean };
}
interface File {
  name: string;
  package: string;
  dependency: string[];
  messageType: Message[];
  enumType: { name: string }[];
}

const set = descriptor.FileDescriptorSet.create({
  file: fileDescriptors().map((bytes) => descriptor.FileDescriptorProto.decode(bytes)),
});
const files = descriptor.FileDescriptorSet.toObject(set, { arrays: true }).file as File[];
const ours = load(ourDirectory);

/** The full names of what a file defines, with a dot before them as descriptors have it. */
function namesIn(file: File): string[] {
  const within = (scope: string, messages: Message[]): string[] =>
    messages.flatMap(({ name, nestedType, enumType }) => [
      `${scope}.${name}`,
      ...enumType.map((nested) => `${scope}.${name}.${nested.name}`),
      ...within(`${scope}.${name}`, nestedType),
    ]);
  return [
    ...within(`.${file.package}`, file.messageType),
    ...file.enumType.map(({ name }) => `.${file.package}.${name}`),
  ];
}

function messagesIn(messages: Message[]): Message[] {
  return messages.flatMap((message) => [message, ...messagesIn(message.nestedType)]);
}

describe('the descriptors', () => {
  it('are of the files in protos/, and of those of Google that these import', () => {
    const google = files.filter(({ name }) => name.startsWith('google/protobuf/'));
    expect(google.map(({ name }) => name).sort()).toEqual(
      ['any', 'duration', 'empty', 'struct', 'timestamp', 'wrappers'].map((name) => `google/protobuf/${name}.proto`),
    );
    const others = files.filter((file) => !google.includes(file));
    expect(others.map(({ name }) => name).sort()).toEqual(protoFiles(ourDirectory).sort());
  });

  it('say the same as the files: names, numbers, types, oneofs, enum values and methods', () => {
    const root = (protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root }).fromDescriptor(set);
    root.resolveAll();
    const wrong = differences(ours, ourDirectory, root).filter((difference) => !difference.includes(': file is '));
    expect(wrong).toEqual([]);
    expect([...definitions(root).keys()].sort()).toEqual([...definitions(ours).keys()].sort());
  });

  it('name each definition in the file that has it', () => {
    const places = new Map(files.flatMap((file) => namesIn(file).map((name) => [name, file.name])));
    const expected = [...definitions(ours)].filter(([, definition]) => !(definition instanceof protobuf.Service));
    for (const [name, definition] of expected) expect(places.get(`.${name}`)).toBe(fileOf(definition, [ourDirectory]));
  });

  it('find all that a file uses in what it imports', () => {
    const byName = new Map(files.map((file) => [file.name, file]));
    for (const file of files) {
      const visible = new Set([file, ...file.dependency.map((name) => byName.get(name)!)].flatMap(namesIn));
      const used = messagesIn(file.messageType).flatMap(({ field }) => field.flatMap(({ typeName }) => typeName ?? []));
      expect(used.filter((name) => !visible.has(name))).toEqual([]);
      expect(file.dependency).not.toContain(file.name);
    }
  });

  it('name the entries of maps as protoc does, which other libraries insist on', () => {
    const entries = files.flatMap((file) => messagesIn(file.messageType)).filter(({ options }) => options?.mapEntry);
    expect(entries.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['FilterMetadataEntry', 'TypedPerFilterConfigEntry', 'FieldsEntry']),
    );
    expect(entries.filter(({ name }) => !/^([A-Z][a-z0-9]*)+Entry$/.test(name))).toEqual([]);
  });

  it("have the fields of Google's messages under their official names", () => {
    const struct = files.find(({ name }) => name === 'google/protobuf/struct.proto')!;
    const value = struct.messageType.find(({ name }) => name === 'Value')!;
    expect(value.field.map(({ name }) => name)).toEqual([
      'null_value',
      'number_value',
      'string_value',
      'bool_value',
      'struct_value',
      'list_value',
    ]);
  });
});
