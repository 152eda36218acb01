import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { any, type Resource, resourceOf, typeUrls } from '../../src/xds/index.ts';
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

/** A table without a host: each comes by VHDS. */
const routes = resourceOf('envoy.config.route.v3.RouteConfiguration', {
  name: 'shop',
  vhds: { config_source: { ads: {}, resource_api_version: 'V3' } },
});

/** A virtual host that answers every request with a text. */
function hostThatSays(host: string, text: string): Resource {
  const route = { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: text } } };
  return resourceOf(
    'envoy.config.route.v3.VirtualHost',
    { name: host, domains: [host], routes: [route] },
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
        changes.some((change) => change.name === name && (version === undefined || change.version === version)),
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
    expect(await Promise.all(['a', 'b', 'c'].map((name) => ask(`${name}.example.com`)))).toEqual([
      '200 a2',
      '404',
      '200 c1',
    ]);
    const sent = test.events.slice(from).filter((event) => event.type === 'pushed');
    expect(sent.map(({ typeUrl }) => typeUrl)).toEqual(sent.map(() => virtualHost));
  });

  it('asks for one that a request needs', async () => {
    console.log(await ask('late.example.com'));
    console.log(JSON.stringify(test.events.slice(-6)));
  });

  it('has refused nothing', async () => {
    expect(await gateway.rejected()).toEqual({});
    expect(test.events.filter(({ type }) => type === 'refused')).toEqual([]);
  });
});
