import type { DecodedTypes } from '../../protos/index.ts';
import { replaceMatches } from './expression.ts';
import { cookieOf, headerOf, type SeenRequest } from './request.ts';
import { nothingElse } from './unknown.ts';

type Config = DecodedTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config'];
type Rule = Config['request_rules'][number];

/** What one rule of the filter wrote. */
export interface Written {
  readonly from: { readonly header: string } | { readonly cookie: string };
  readonly space: string;
  readonly key: string;
  readonly value: string;
}

/** Longer values are not taken into metadata. In bytes. */
const LONGEST = 8 * 1024;

/** What the filter `header_to_metadata` writes, in its order: of what is written to one place the last counts. */
export function readIntoMetadata(config: Config, request: SeenRequest): readonly Written[] {
  const { request_rules, ...rest } = config;
  nothingElse('header_to_metadata Config', rest);
  return request_rules.flatMap((rule) => {
    const written = apply(rule, request);
    return written === undefined ? [] : [written];
  });
}

// A header that is taken away is read by no other rule.
function apply(
  { header, cookie, on_header_present, remove: _, ...rest }: Rule,
  request: SeenRequest,
): Written | undefined {
  nothingElse('header_to_metadata Rule', rest);
  const from = cookie ? { cookie } : { header: header! };
  const found = cookie ? cookieOf(request, cookie) : headerOf(request, header!);
  if (found === undefined) return undefined;
  const { metadata_namespace: space, key, value: constant, regex_value_rewrite: rewrite } = on_header_present!;
  const value =
    constant || (rewrite ? replaceMatches(rewrite.pattern!.regex!, rewrite.substitution ?? '', found) : found);
  // Nothing is not written, nor what is too long.
  if (value === '' || Buffer.byteLength(value) >= LONGEST) return undefined;
  return { from, space: space!, key: key!, value };
}
