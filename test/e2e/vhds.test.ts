import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { any, type MessageTypes, type Resource, resourceOf, typeUrls } from '../../src/xds/index.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { freePort } from '../support/ports.ts';
import { TestServer } from '../support/xds-server.ts';

const envoy = await envoyOrSkip();
const { listener, routeConfiguration, virtualHost } = typeUrls;

/** What asks for a virtual host when a request needs it, and holds the request meanwhile. All of its settings are defaults. */
const onDemand = {
  type_url: 'type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand',
  value: new Uint8Array(),
};

function listenerOn(port: number): Resource {
  const connectionManager = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'http',
    rds: { route_config_name: 'shop', config_source: { ads: {}, resource_api_version: 'V3' } },
    http_filters: [
      { name: 'on_demand', typed_config: onDemand },
      { name: 'router', typed_config: any('envoy.extensions.filters.http.router.v3.Router', {}) },
    ],
  });
  return resourceOf('envoy.config.listener.v3.Listener', {
    name: 'http',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: connectionManager }] }],
  });
}

/** Without a host: each comes by VHDS. */
const table: MessageTypes['envoy.config.route.v3.RouteConfiguration'] = {
  name: 'shop',
  vhds: { config_source: { ads: {}, resource_api_version: 'V3' } },
};
const routes = resourceOf('envoy.config.route.v3.RouteConfiguration', table);

/**
 * A virtual host that answers every request with a text. An Envoy removes it by its own name, so that is the same as the
 * resource's.
 */
function hostThatSays(host: string, text: string): Resource {
  const route = { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: text } } };
  return resourceOf(
    'envoy.config.route.v3.VirtualHost',
    { name: `shop/${host}`, domains: [host], routes: [route] },
    { name: `shop/${host}` },
  );
}

describe.skipIf(envoy === undefined)('a real Envoy that takes its virtual hosts by VHDS', () => {
  let test: TestServer;
  let gateway: TestEnvoy;
  let port: number;

  beforeAll(async () => {
    test = await TestServer.start();
    port = await freePort();
    test.apply(listenerOn(port), routes, hostThatSays('a.example.com', 'a1'), hostThatSays('b.example.com', 'b1'));
    gateway = await startTestEnvoy({ xdsPort: test.port });
    await acknowledged('shop/b.example.com');
  });
  afterAll(async () => {
    await gateway?.stop();
    await test?.close();
  });

  const acknowledged = (name: string, version?: string) =>
    test.event(
      'acknowledged',
      ({ typeUrl, changes }) =>
        typeUrl === virtualHost &&
        changes.some((change) => change.name === name && (change.version ?? 'removed') === (version ?? change.version)),
    );

  /** Status and body of a request to a host. */
  const ask = (host: string) =>
    new Promise<string>((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path: '/', headers: { host } }, (response) => {
        let text = `${response.statusCode} `;
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(text.trim()));
      });
      asked.on('error', reject);
      asked.end();
    });

  const answersOf = (...names: string[]) => Promise.all(names.map((name) => ask(`${name}.example.com`)));

  it('has all of them, after the routes that they belong to', async () => {
    expect(await ask('a.example.com')).toBe('200 a1');
    expect(await ask('b.example.com')).toBe('200 b1');
    const pushed = test.events.flatMap((event) => (event.type === 'pushed' ? [event.typeUrl] : []));
    expect(pushed.indexOf(virtualHost)).toBeGreaterThan(pushed.indexOf(routeConfiguration));
    expect(pushed.indexOf(routeConfiguration)).toBeGreaterThan(pushed.indexOf(listener));
  });

  it('takes a change, an addition and a removal, and nothing else with them', async () => {
    const a2 = hostThatSays('a.example.com', 'a2');
    const c1 = hostThatSays('c.example.com', 'c1');
    const from = test.events.length;
    test.store.apply({ set: [a2, c1], remove: [{ typeUrl: virtualHost, name: 'shop/b.example.com' }] });
    await acknowledged('shop/a.example.com', a2.version);
    await acknowledged('shop/b.example.com', 'removed');
    expect(await answersOf('a', 'b', 'c')).toEqual(['200 a2', '404', '200 c1']);
    const sent = test.events.slice(from).filter((event) => event.type === 'pushed');
    expect(new Set(sent.map(({ typeUrl }) => typeUrl))).toEqual(new Set([virtualHost]));
  });

  it('is told of one that a request asks for in vain, again and again, so that the request need not wait', async () => {
    for (let times = 0; times < 3; times++) expect(await ask('late.example.com')).toBe('404');
    const late = hostThatSays('late.example.com', 'late');
    test.apply(late);
    await acknowledged('shop/late.example.com', late.version);
    expect(await ask('late.example.com')).toBe('200 late');
  });

  it('keeps them when the routes that they belong to change', async () => {
    const changed = resourceOf('envoy.config.route.v3.RouteConfiguration', {
      ...table,
      response_headers_to_add: [{ header: { key: 'x-routes', value: '2' } }],
    });
    test.apply(changed);
    await test.event('acknowledged', ({ changes }) => changes[0]?.version === changed.version);
    expect(await answersOf('a', 'c', 'late')).toEqual(['200 a2', '200 c1', '200 late']);
  });

  it('has refused nothing', async () => {
    expect(await gateway.rejected()).toEqual({});
    expect(test.events.filter(({ type }) => type === 'refused')).toEqual([]);
  });
});
