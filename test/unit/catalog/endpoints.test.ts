import { expect, it } from 'vitest';
import { readEndpoints } from '../../../src/catalog/endpoints.ts';
import { endpoint, slice } from '../../support/records.ts';

const usable = (...slices: Parameters<typeof readEndpoints>[0]) =>
  readEndpoints(slices, 'http')
    .filter((each) => each.usable)
    .map((each) => `${each.address}:${each.port}`);

it('uses ready endpoints of all slices, each once, in an order that no event can change', () => {
  const one = slice('shop/api', ['10.0.0.2', '10.0.0.1']);
  const two = slice('shop/api', ['10.0.0.3', '10.0.0.1'], { name: 'api-2' });
  expect(usable(one, two)).toEqual(['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080']);
  expect(usable(two, one)).toEqual(usable(one, two));
});

it('leaves out endpoints that are not ready while any is', () => {
  const endpoints = [endpoint('10.0.0.1', { ready: false }), endpoint('10.0.0.2')];
  expect(usable(slice('shop/api', [], { endpoints }))).toEqual(['10.0.0.2:8080']);
});

it('uses endpoints that end but still serve where none is ready', () => {
  const endpoints = [
    endpoint('10.0.0.1', { ready: false, serving: false }),
    endpoint('10.0.0.2', { ready: false, terminating: true }),
    endpoint('10.0.0.3', { ready: false, serving: false, terminating: true }),
  ];
  expect(usable(slice('shop/api', [], { endpoints }))).toEqual(['10.0.0.2:8080']);
});

it('finds the port by the name that the Service gives it', () => {
  expect(usable(slice('shop/api', ['10.0.0.1'], { ports: [{ name: 'grpc', port: 9000 }] }))).toEqual([]);
});

it('takes the IPv4 addresses of a dual-stack Service, and IPv6 ones where there are no others', () => {
  const six = slice('shop/api', ['fd00::1'], { name: 'api-6', addressType: 'IPv6' });
  expect(usable(slice('shop/api', ['10.0.0.1']), six)).toEqual(['10.0.0.1:8080']);
  expect(usable(six)).toEqual(['fd00::1:8080']);
});
