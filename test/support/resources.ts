import { contentVersion, type Resource, type ResourceName } from '../../src/resources/index.ts';

/** A resource with a body of so many bytes that stands for `content`: other content, other version. */
export function makeResource(
  typeUrl: string,
  name: string,
  content: string,
  { follower, bytes = 0 }: { follower?: ResourceName | undefined; bytes?: number } = {},
): Resource {
  const body = Buffer.concat([Buffer.from(`${name} ${content}`), Buffer.alloc(bytes)]);
  return Object.freeze({ typeUrl, name, version: contentVersion(body), body, follower });
}
