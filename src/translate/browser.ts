import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Listing } from '../intercepts/listing.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, struct, typeUrl } from '../protos/index.ts';
import { turnedOn } from './filters.ts';
import type { GatewayOptions } from './gateway.ts';

type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type Route = MessageTypes['envoy.config.route.v3.Route'];
type ExtensionConfig = MessageTypes['envoy.config.core.v3.TypedExtensionConfig'];

/** Name of the extension configuration that says which previews there are, of the filter and of the metadata. */
const LISTING = 'shunt.previews';
const PAGES = 'shunt.browser';

const SET_METADATA = 'envoy.extensions.filters.http.set_metadata.v3.Config' as const;

/**
 * Filters that are off, but on the routes of `browserRoutes`: the first tells the second which previews there are, and the
 * second answers. The list is a resource of its own, so that a preview changes no listener and no route.
 */
export function browserFilters(options: GatewayOptions): readonly HttpFilter[] {
  const path = browserPath(options);
  if (path === undefined) return [];
  return [
    {
      name: LISTING,
      disabled: true,
      config_discovery: {
        config_source: { ads: {}, resource_api_version: 'V3' },
        type_urls: [typeUrl(SET_METADATA)],
        // Nobody's requests wait for a list.
        default_config: any(SET_METADATA, {}),
        apply_default_config_without_warming: true,
      },
    },
    {
      name: PAGES,
      disabled: true,
      typed_config: any('envoy.extensions.filters.http.lua.v3.Lua', {
        default_source_code: { inline_string: script(path, options.carriers.cookie!) },
      }),
    },
  ];
}

/** Ahead of a virtual host's other routes: what its host answers under the reserved path. */
export function browserRoutes(options: GatewayOptions): readonly Route[] {
  const path = browserPath(options);
  if (path === undefined) return [];
  return [
    {
      match: { path_separated_prefix: path },
      // The filter answers before this does.
      direct_response: { status: 404 },
      typed_per_filter_config: turnedOn(LISTING, PAGES),
    },
  ];
}

/** What `/.shunt` shows; undefined where the reserved path is off. */
export function translateListing({ previews, more }: Listing, options: GatewayOptions): ExtensionConfig | undefined {
  if (browserPath(options) === undefined) return undefined;
  const listing = { previews: previews.map(({ key, services, more }) => ({ key, services, more })), more };
  return {
    name: LISTING,
    typed_config: any(SET_METADATA, {
      metadata: [{ metadata_namespace: LISTING, value: struct(listing) }],
    }),
  };
}

/** Without the cookie there is nothing to set. */
function browserPath({ browserPath, carriers }: GatewayOptions): string | undefined {
  return carriers.cookie === undefined ? undefined : browserPath;
}

function script(path: string, cookie: string): string {
  const style = text('browser.css');
  const hash = `sha256-${createHash('sha256').update(style).digest('base64')}`;
  // Of printable ASCII only, which Lua quotes as JSON does.
  const settings = Object.entries({ PATH: path, COOKIE: cookie, STYLE: style, STYLE_HASH: hash });
  return [...settings.map(([name, value]) => `local ${name} = ${JSON.stringify(value)}`), text('browser.lua')].join(
    '\n',
  );
}

function text(file: string): string {
  return readFileSync(new URL(`../../envoy/${file}`, import.meta.url), 'utf8');
}
