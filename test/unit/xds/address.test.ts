import { expect, test } from 'vitest';
import { addressOfCall, addressOfSocket } from '../../../src/xds/address.ts';

const ofCall = (peer: string) => addressOfCall({ getPeer: () => peer });

test.each([
  ['10.0.0.1:50000', '10.0.0.1'],
  ['::1:50000', '::1'],
  ['2001:db8::1:50000', '2001:db8::1'],
  ['::ffff:10.0.0.1:50000', '10.0.0.1'],
])('a call of the peer %s comes from the address %s', (peer, address) => {
  expect(ofCall(peer)).toBe(address);
});

test('a call whose client has gone comes from nowhere', () => {
  expect(ofCall('unknown')).toBeUndefined();
  expect(addressOfSocket({ remoteAddress: undefined })).toBeUndefined();
});

test('an IPv4 client of a listener for both kinds has its IPv4 address', () => {
  expect(addressOfSocket({ remoteAddress: '::ffff:10.0.0.1' })).toBe('10.0.0.1');
  expect(addressOfSocket({ remoteAddress: '::ffff:1' })).toBe('::ffff:1');
});
