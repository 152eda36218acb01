import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../../../src/problems.ts';
import { readObject } from '../../../../src/sources/manifests/index.ts';
import { service, slice } from '../objects.ts';

const PLACE = 'shop.yaml:12';

function sentencesOf(object: unknown): readonly string[] {
  return readObject(object, PLACE).problems.map(formatProblem);
}

function api(parts: Parameters<typeof service>[1]): unknown {
  return service('api', parts);
}

function endpoints(parts: object): unknown {
  return { ...slice('api-1', 'api', ['10.0.0.1']), ...parts };
}

describe('a Service', () => {
  test('becomes a record of the fields that Shunt uses', () => {
    const { record, ref, problems } = readObject(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name: 'api',
          namespace: 'shop',
          uid: 'b1a9',
          labels: { 'shunt.dev/role': 'baseline', app: 'api' },
          annotations: { 'shunt.dev/hosts': 'api.example.com', note: 'mine' },
          creationTimestamp: '2026-01-31T12:00:00Z',
        },
        spec: {
          clusterIP: '10.96.0.1',
          selector: { app: 'api' },
          ports: [
            { name: 'http', port: 80, targetPort: 'web' },
            { name: 'rpc', port: 81, protocol: 'UDP', appProtocol: 'grpc' },
          ],
        },
        status: {},
      },
      PLACE,
    );
    expect(problems).toEqual([]);
    expect(ref).toEqual({ kind: 'Service', namespace: 'shop', name: 'api' });
    expect(record).toEqual({
      kind: 'Service',
      namespace: 'shop',
      name: 'api',
      labels: { 'shunt.dev/role': 'baseline' },
      annotations: { 'shunt.dev/hosts': 'api.example.com' },
      ports: [
        { name: 'http', port: 80, protocol: 'TCP', targetPort: 'web' },
        { name: 'rpc', port: 81, protocol: 'UDP', appProtocol: 'grpc' },
      ],
      createdAt: Date.UTC(2026, 0, 31, 12),
      place: PLACE,
    });
  });

  test('without a namespace is in default, and its only port may be unnamed', () => {
    const { record } = readObject({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'api', creationTimestamp: null },
      spec: { ports: [{ port: 80 }] },
    });
    expect(record).toEqual({
      kind: 'Service',
      namespace: 'default',
      name: 'api',
      labels: {},
      annotations: {},
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
    });
  });

  test('may have one port number for each protocol', () => {
    const ports = [
      { name: 'dns', port: 53 },
      { name: 'dns-udp', port: 53, protocol: 'UDP' },
    ];
    expect(readObject(api({ spec: { ports } })).record).toMatchObject({ ports });
  });

  test.each(['db.example.com', 'db.example.com.', 'localhost', '10.0.0.1', 'fd00::1', '[fd00::1]'])(
    'of type ExternalName may stand for %s',
    (externalName) => {
      const { record, problems } = readObject(api({ spec: { type: 'ExternalName', externalName } }));
      expect(problems).toEqual([]);
      expect(record).toMatchObject({ externalName });
    },
  );

  test('of another type stands for no external name', () => {
    const { record } = readObject(api({ spec: { type: 'ClusterIP', externalName: 'db.example.com' } }));
    expect(record).not.toHaveProperty('externalName');
  });

  test('gives the same record in whatever order its labels were written', () => {
    const labels = { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' };
    const turned = { 'shunt.dev/key': 'pr-1', 'shunt.dev/intercepts': 'api' };
    expect(JSON.stringify(readObject(api({ labels })))).toBe(JSON.stringify(readObject(api({ labels: turned }))));
  });
});

describe('an EndpointSlice', () => {
  test('becomes a record with the defaults of Kubernetes applied', () => {
    const { record, problems } = readObject(
      endpoints({
        ports: [
          { name: 'http', port: 8080, protocol: 'TCP' },
          { name: null, port: 8081 },
          { name: 'any', port: null },
        ],
        endpoints: [
          { addresses: ['10.0.0.1'] },
          { addresses: ['10.0.0.2'], conditions: { ready: null, serving: null, terminating: null } },
          { addresses: ['10.0.0.3'], conditions: { ready: false } },
          { addresses: ['10.0.0.4'], conditions: { ready: false, serving: true, terminating: true } },
        ],
      }),
      PLACE,
    );
    expect(problems).toEqual([]);
    expect(record).toEqual({
      kind: 'EndpointSlice',
      namespace: 'shop',
      name: 'api-1',
      service: 'api',
      addressType: 'IPv4',
      ports: [
        { name: 'http', port: 8080 },
        { name: '', port: 8081 },
      ],
      endpoints: [
        { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false },
        { addresses: ['10.0.0.2'], ready: true, serving: true, terminating: false },
        { addresses: ['10.0.0.3'], ready: false, serving: false, terminating: false },
        { addresses: ['10.0.0.4'], ready: false, serving: true, terminating: true },
      ],
      place: PLACE,
    });
  });

  test.each([
    ['IPv4', ['127.0.0.1', '10.0.0.1']],
    ['IPv6', ['::1', 'fd00::1', '::ffff:10.0.0.1']],
    ['FQDN', ['db.example.com', 'localhost']],
  ])('of addressType %s holds such addresses, loopback too', (addressType, addresses) => {
    const { record, problems } = readObject(slice('api-1', 'api', addresses, addressType));
    expect(problems).toEqual([]);
    expect(record).toMatchObject({ addressType, endpoints: addresses.map((address) => ({ addresses: [address] })) });
  });

  test.each([
    ['::1', ['0:0:0:0:0:0:0:1', '0000::0001', '::0:1']],
    ['fd00::1', ['FD00::1', 'fd00:0:0:0::1']],
    ['2001:db8::1:0:0:1', ['2001:DB8:0:0:1::1']],
    ['::ffff:10.0.0.1', ['::FFFF:a00:1', '0:0:0:0:0:ffff:10.0.0.1']],
  ])('gives %s in one spelling, however it was written', (address, spellings) => {
    for (const spelling of [address, ...spellings]) {
      const { record } = readObject(slice('api-1', 'api', [spelling], 'IPv6'));
      expect(record).toMatchObject({ endpoints: [{ addresses: [address] }] });
    }
  });

  test('loses a wrong address, and an endpoint without any, but stays usable', () => {
    const object = endpoints({ endpoints: [{ addresses: ['10.0.0.300', '10.0.0.1'] }, { addresses: ['web'] }] });
    expect(readObject(object).record).toMatchObject({ endpoints: [{ addresses: ['10.0.0.1'] }] });
    expect(sentencesOf(object)).toEqual([
      'EndpointSlice shop/api-1 (shop.yaml:12): endpoints[0].addresses[0] is "10.0.0.300". Write an IPv4 address such as 10.0.0.1.',
      'EndpointSlice shop/api-1 (shop.yaml:12): endpoints[1].addresses[0] is "web". Write an IPv4 address such as 10.0.0.1.',
    ]);
  });

  test('may have no ports and no endpoints', () => {
    expect(readObject(endpoints({ ports: null, endpoints: undefined })).record).toMatchObject({
      ports: [],
      endpoints: [],
    });
  });
});

describe('what is none of ours', () => {
  test.each<[string, unknown]>([
    ['a Deployment', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'Not a name' } }],
    ['a Service of Knative', { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: {} }],
    ['a mapping without a kind', { image: 'api' }],
    ['a list', [1]],
    ['nothing', null],
  ])('%s is passed over in silence', (_, object) => {
    expect(readObject(object)).toEqual({ problems: [] });
  });
});

test('records are frozen to the last of their parts', () => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  expect(frozen(readObject(api({ labels: { 'shunt.dev/key': 'a' } })).record)).toBe(true);
  expect(frozen(readObject(endpoints({})).record)).toBe(true);
});

describe('an object that is wrong is refused with a sentence that says what to write instead', () => {
  const metadata = (parts: object) => ({ ...service('api'), metadata: { name: 'api', namespace: 'shop', ...parts } });
  const services: [unknown, string][] = [
    [metadata({ name: undefined }), 'shop/(no name) (P): metadata.name is missing. Write the name of the Service.'],
    [
      metadata({ name: 'Api' }),
      'shop/Api (P): metadata.name is "Api". Write 1 to 63 lower-case letters, digits or `-`, beginning and ending with a letter or digit.',
    ],
    [metadata({ name: 42 }), 'shop/42 (P): metadata.name is 42. Put it in quotes: it has to be a string.'],
    [
      metadata({ namespace: 'my shop' }),
      'my shop/api (P): metadata.namespace is "my shop". Write 1 to 63 lower-case letters, digits or `-`, beginning and ending with a letter or digit.',
    ],
    [
      metadata({ labels: { 'shunt.dev/key': 123 } }),
      'shop/api (P): metadata.labels["shunt.dev/key"] is 123. Put it in quotes: it has to be a string.',
    ],
    [
      metadata({ annotations: { 'example.com/on': true } }),
      'shop/api (P): metadata.annotations["example.com/on"] is true. Put it in quotes: it has to be a string.',
    ],
    [
      metadata({ annotations: { 'shunt.dev/hosts': null } }),
      'shop/api (P): metadata.annotations["shunt.dev/hosts"] is empty. Write a value, "" for an empty one, or leave the line out.',
    ],
    [
      metadata({ annotations: { 'shunt.dev/hosts': ['a'] } }),
      'shop/api (P): metadata.annotations["shunt.dev/hosts"] is a list. Write a string.',
    ],
    [
      metadata({ labels: 'shunt.dev/key=a' }),
      'shop/api (P): metadata.labels is "shunt.dev/key=a". Write a mapping, that is `name: value` lines.',
    ],
    [
      metadata({ creationTimestamp: 'yesterday' }),
      'shop/api (P): metadata.creationTimestamp is "yesterday". Write a time such as "2026-01-31T12:00:00Z", or leave the line out.',
    ],
    [api({ port: 99999 }), 'shop/api (P): spec.ports[0].port is 99999. Write a whole number from 1 to 65535.'],
    [
      api({ spec: { ports: [{ port: '80' }] } }),
      'shop/api (P): spec.ports[0].port is "80". Write a whole number from 1 to 65535, without quotes.',
    ],
    [
      api({ spec: { ports: [{ name: 'http' }] } }),
      'shop/api (P): spec.ports[0].port is missing. Write a whole number from 1 to 65535.',
    ],
    [
      api({ spec: { ports: [80] } }),
      'shop/api (P): spec.ports[0] is 80. Write a mapping, that is `name: value` lines.',
    ],
    [
      api({ spec: { ports: { port: 80 } } }),
      'shop/api (P): spec.ports is a mapping. Write a list, that is lines that begin with `- `.',
    ],
    [
      api({ spec: { ports: [{ port: 80, name: 'a' }, { port: 81 }] } }),
      'shop/api (P): spec.ports[1].name is missing. Name each port of a Service that has several.',
    ],
    [
      api({
        spec: {
          ports: [
            { port: 80, name: 'a' },
            { port: 81, name: 'a' },
          ],
        },
      }),
      'shop/api (P): spec.ports[1].name is "a". Write another name: spec.ports[0] has this one.',
    ],
    [
      api({
        spec: {
          ports: [
            { port: 80, name: 'http' },
            { port: 80, name: 'grpc', protocol: 'TCP' },
          ],
        },
      }),
      'shop/api (P): spec.ports[1].port is 80. Write another number, or leave one of the two out: "http" and "grpc" are both 80/TCP.',
    ],
    [
      api({ spec: { ports: [{ port: 80, protocol: 'http' }] } }),
      'shop/api (P): spec.ports[0].protocol is "http". Write TCP, UDP or SCTP.',
    ],
    [
      api({ spec: { type: 'ExternalName' } }),
      'shop/api (P): spec.externalName is missing. Write the DNS name that a Service of type ExternalName stands for.',
    ],
    [
      api({ spec: { type: 'ExternalName', externalName: '10.0.0.300' } }),
      'shop/api (P): spec.externalName is "10.0.0.300". Write a DNS name such as `db.example.com`, or an IP address.',
    ],
    [
      api({ spec: { type: 'ExternalName', externalName: 'https://db.example.com' } }),
      'shop/api (P): spec.externalName is "https://db.example.com". Write a DNS name such as `db.example.com`, or an IP address.',
    ],
    [{ ...service('api'), apiVersion: undefined }, 'shop/api (P): apiVersion is missing. Write v1.'],
  ];
  test.each(services.map(([object, sentence]) => [sentence, object]))('Service %s', (sentence, object) => {
    expect(readObject(object)).not.toHaveProperty('record');
    expect(sentencesOf(object)).toEqual([`Service ${`${sentence}`.replace('(P)', `(${PLACE})`)}`]);
  });

  const labelled = (labels: object) => ({
    ...slice('api-1', 'api', []),
    metadata: { name: 'api-1', namespace: 'shop', labels },
  });
  const slices: [unknown, string][] = [
    [
      labelled({}),
      'metadata.labels["kubernetes.io/service-name"] is missing. Write the name of the Service that the endpoints belong to.',
    ],
    [
      labelled({ 'kubernetes.io/service-name': 'a/b' }),
      'metadata.labels["kubernetes.io/service-name"] is "a/b". Write 1 to 63 lower-case letters, digits or `-`, beginning and ending with a letter or digit.',
    ],
    [endpoints({ addressType: undefined }), 'addressType is missing. Write IPv4, IPv6 or FQDN.'],
    [endpoints({ addressType: 'ipv4' }), 'addressType is "ipv4". Write IPv4, IPv6 or FQDN.'],
    [endpoints({ ports: [{ port: 0 }] }), 'ports[0].port is 0. Write a whole number from 1 to 65535.'],
    [
      endpoints({ endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: 'true' } }] }),
      'endpoints[0].conditions.ready is "true". Write true or false, without quotes.',
    ],
    [
      endpoints({ endpoints: [{ addresses: '10.0.0.1' }] }),
      'endpoints[0].addresses is "10.0.0.1". Write a list, that is lines that begin with `- `.',
    ],
    [
      endpoints({ apiVersion: 'discovery.k8s.io/v1beta1' }),
      'apiVersion is "discovery.k8s.io/v1beta1". Write discovery.k8s.io/v1.',
    ],
  ];
  test.each(slices.map(([object, sentence]) => [sentence, object]))('EndpointSlice: %s', (sentence, object) => {
    expect(readObject(object)).not.toHaveProperty('record');
    expect(sentencesOf(object)).toEqual([`EndpointSlice shop/api-1 (${PLACE}): ${sentence}`]);
  });

  test.each<[string, string, string]>([
    ['IPv4', 'fd00::1', 'Write an IPv4 address, or put the IPv6 addresses in a slice of addressType IPv6.'],
    ['IPv6', '10.0.0.1', 'Write an IPv6 address, or put the IPv4 addresses in a slice of addressType IPv4.'],
    ['IPv6', 'fe80::1%eth0', 'Write an IPv6 address such as fd00::1.'],
    ['FQDN', 'not a name', 'Write a DNS name such as `db.example.com`.'],
  ])('%s slices do without %s', (addressType, address, advice) => {
    const { record, problems } = readObject(slice('api-1', 'api', [address], addressType));
    expect(record).toMatchObject({ endpoints: [] });
    expect(problems).toMatchObject([{ message: `endpoints[0].addresses[0] is "${address}".`, advice }]);
  });

  test('all that is wrong is said at once', () => {
    expect(sentencesOf(api({ labels: { a: 1 } as never, spec: { ports: [{ port: 0, protocol: 'x' }] } }))).toHaveLength(
      3,
    );
  });

  test('a long value is cut', () => {
    const [sentence] = sentencesOf(metadata({ labels: 'x'.repeat(10_000) }));
    expect(sentence!.length).toBeLessThan(300);
  });

  test('its name is known where that can be read, so that its last good state can stay in force', () => {
    expect(readObject(api({ port: 0 })).ref).toEqual({ kind: 'Service', namespace: 'shop', name: 'api' });
    expect(readObject(metadata({ name: 'Api' })).ref).toBeUndefined();
  });
});
