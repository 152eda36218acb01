import { describe, expect, test } from 'vitest';
import { type BootstrapOptions, bootstrapConfig } from '../../../src/gateway/index.ts';

const options: BootstrapOptions = {
  xds: { host: '127.0.0.1', port: 18000 },
  nodeId: 'gateway-1',
  protocol: 'delta',
  admin: { host: '127.0.0.1', port: 19001 },
};

describe('the bootstrap of an Envoy', () => {
  test('asks for the variant of ADS that was chosen', () => {
    expect(bootstrapConfig(options)).toHaveProperty('dynamic_resources.ads_config.api_type', 'DELTA_GRPC');
    expect(bootstrapConfig({ ...options, protocol: 'sotw' })).toHaveProperty(
      'dynamic_resources.ads_config.api_type',
      'GRPC',
    );
  });

  test('tells the control plane its namespace, where it has one', () => {
    expect(bootstrapConfig({ ...options, namespace: 'shop' })).toHaveProperty('node.metadata', {
      'shunt.dev/namespace': 'shop',
    });
    expect(bootstrapConfig(options)).not.toHaveProperty('node.metadata');
  });

  test.each([
    ['10.0.0.1', 'STATIC'],
    ['fd00::1', 'STATIC'],
    ['shunt.shunt-system', 'STRICT_DNS'],
  ])('reaches a control plane at %s by a cluster of type %s', (host, type) => {
    const config = bootstrapConfig({ ...options, xds: { host, port: 1 } });
    expect(config).toHaveProperty('static_resources.clusters[0].type', type);
    expect(config).toHaveProperty(
      'static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address',
      { address: host, port_value: 1 },
    );
  });
});

test('what probes reach of an Envoy is whether it is ready, and its statistics', () => {
  const config = bootstrapConfig({ ...options, probe: { host: '0.0.0.0', port: 19002 } });
  expect(JSON.stringify(config).match(/"path":"[^"]*"/g)).toEqual(['"path":"/ready"', '"path":"/stats/prometheus"']);
  expect(config).toHaveProperty('static_resources.listeners[0].address.socket_address', {
    address: '0.0.0.0',
    port_value: 19002,
  });
  expect(bootstrapConfig(options)).not.toHaveProperty('static_resources.listeners');
});
