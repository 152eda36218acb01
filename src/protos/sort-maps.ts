import protobuf from 'protobufjs';

type Fields = { [name: string]: unknown };

/** A field that holds a map or leads to one. */
interface Step {
  readonly field: protobuf.Field;
  /** The type of its values, where there are maps in these too. */
  readonly into: protobuf.Type | undefined;
}

const stepsByType = new Map<protobuf.Type, readonly Step[]>();

/**
 * Puts the entries of every map in a message, and so of every Struct, into one order. protobufjs writes maps in the order
 * of insertion. What is in an Any is bytes already.
 */
export function sortMaps(type: protobuf.Type, message: object): void {
  const fields = message as Fields;
  for (const { field, into } of steps(type)) {
    const value = fields[field.name];
    if (value === undefined || value === null) continue;
    if (field.map) {
      const sorted = sortedByKey(value as Fields);
      fields[field.name] = sorted;
      if (into) for (const key of Object.keys(sorted)) sortMaps(into, sorted[key] as object);
    } else if (into) {
      if (field.repeated) for (const element of value as object[]) sortMaps(into, element);
      else sortMaps(into, value);
    }
  }
}

function sortedByKey(map: Fields): Fields {
  const keys = Object.keys(map);
  if (keys.length < 2) return map;
  return Object.fromEntries(keys.sort().map((key) => [key, map[key]]));
}

function steps(type: protobuf.Type): readonly Step[] {
  let found = stepsByType.get(type);
  if (found === undefined) {
    found = type.fieldsArray
      .map((field) => ({ field, into: holdsMaps(field.resolvedType) ? field.resolvedType : undefined }))
      .filter(({ field, into }) => field.map || into);
    stepsByType.set(type, found);
  }
  return found;
}

function holdsMaps(start: protobuf.Type | protobuf.Enum | null): start is protobuf.Type {
  if (!(start instanceof protobuf.Type)) return false;
  const seen = new Set([start]);
  // Iterating over a Set also visits what is added on the way, so it is the queue of this search.
  for (const type of seen) {
    for (const field of type.fieldsArray) {
      if (field.map) return true;
      if (field.resolvedType instanceof protobuf.Type) seen.add(field.resolvedType);
    }
  }
  return false;
}
