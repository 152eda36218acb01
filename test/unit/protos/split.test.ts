import { expect, it } from 'vitest';
import { decode, encode, splitField } from '../../../src/protos/index.ts';

const NAME = 'envoy.config.route.v3.RouteConfiguration';

it('takes a repeated field out of a message, and leaves the rest', () => {
  const virtual_hosts = ['a', 'b'].map((name) => ({ name, domains: [name, `${name}.example.com`] }));
  const bytes = encode(NAME, { name: 'gateway', virtual_hosts, ignore_port_in_host_matching: true });
  const { elements, rest } = splitField(NAME, 'virtual_hosts', bytes);
  expect(elements.map((each) => decode('envoy.config.route.v3.VirtualHost', each))).toMatchObject(virtual_hosts);
  expect(decode(NAME, rest())).toMatchObject({
    name: 'gateway',
    virtual_hosts: [],
    ignore_port_in_host_matching: true,
  });
  expect(splitField(NAME, 'virtual_hosts', rest()).elements).toEqual([]);
});

it('takes texts too', () => {
  const bytes = encode('envoy.config.route.v3.VirtualHost', { name: 'a', domains: ['x', 'ü'] });
  const { elements } = splitField('envoy.config.route.v3.VirtualHost', 'domains', bytes);
  expect(elements.map((each) => Buffer.from(each).toString())).toEqual(['x', 'ü']);
});
