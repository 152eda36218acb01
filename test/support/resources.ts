import { contentVersion, type Resource, type ResourceName } from '../../src/resources/index.ts';

/** A resource with a body of so many bytes that stands for `content`: other content, other version. */
export function makeResource(
  typeUrl: string,
  name: string,
  content: string,
  options: { follower?: ResourceName | undefined; references?: readonly string[] | undefined; bytes?: number } = {},
): Resource {
  const { follower, bytes = 0 } = options;
  const references = options.references && new Set(options.references);
  const body = Buffer.concat([Buffer.from(`${name} ${content}`), Buffer.alloc(bytes)]);
  return Object.freeze({ typeUrl, name, version: contentVersion(body), body, follower, references });
}
