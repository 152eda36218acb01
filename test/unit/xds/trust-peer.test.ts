import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { TlsOptions } from '../../../src/xds/trust/index.ts';
import { peerOf } from '../../../src/xds/trust/index.ts';

const mutual: TlsOptions = { files: { certificate: 'c', key: 'k', ca: 'ca' } };
const oneSided: TlsOptions = { files: { certificate: 'c', key: 'k' } };

function peer(tls: TlsOptions | undefined, address: string, sslPeerCertificate?: object) {
  const call = { getPeer: () => address, getAuthContext: () => ({ sslPeerCertificate }) };
  return peerOf(tls, call as unknown as ServerInterceptingCallInterface);
}

test('without client certificates, streams are counted by address, whatever the port', () => {
  for (const tls of [undefined, oneSided]) {
    expect(peer(tls, '10.0.0.1:5')).toEqual({ key: 'address 10.0.0.1', words: 'the address 10.0.0.1' });
    expect(peer(tls, '10.0.0.1:6').key).toBe(peer(tls, '10.0.0.1:5').key);
    expect(peer(tls, '10.0.0.2:5').key).not.toBe(peer(tls, '10.0.0.1:5').key);
  }
});

test('with them, by identity, wherever it is and whatever the certificate', () => {
  const names = { subjectaltname: 'URI:spiffe://example.com/a, DNS:a.example.com' };
  const first = peer(mutual, '10.0.0.1:5', { ...names, serialNumber: '1' });
  expect(first.words).toBe('the identity spiffe://example.com/a, a.example.com');
  expect(peer(mutual, '10.0.0.2:5', { ...names, serialNumber: '2' })).toEqual(first);
  expect(peer(mutual, '10.0.0.1:5', { subjectaltname: 'URI:spiffe://example.com/b' }).key).not.toBe(first.key);
});

test('a certificate without names is told by its subject', () => {
  const [a, b] = [{ subject: { CN: 'a' } }, { subject: { CN: 'b' } }];
  expect(peer(mutual, '10.0.0.1:5', a)).toEqual(peer(mutual, '10.0.0.2:5', a));
  expect(peer(mutual, '10.0.0.1:5', a).words).toBe('the identity CN=a');
  expect(peer(mutual, '10.0.0.1:5', a).key).not.toBe(peer(mutual, '10.0.0.1:5', b).key);
});

test('who is called like an address or like another kind of name is not taken for it', () => {
  const keys = [
    peer(mutual, 'unknown'),
    peer(mutual, 'unknown', { subject: { CN: 'unknown' } }),
    peer(mutual, 'unknown', { subjectaltname: 'DNS:unknown' }),
    peer(mutual, 'unknown', { subjectaltname: 'URI:unknown' }),
  ].map(({ key }) => key);
  expect(new Set(keys).size).toBe(4);
});
