import { afterEach, expect, test } from 'vitest';
import { kubernetesSource } from '../../src/sources/kubernetes/index.ts';
import type { EndpointSliceRecord, ServiceRecord, Source } from '../../src/sources/source.ts';
import { describeWithApiServer } from '../support/with-apiserver.ts';
import { Recorder } from '../unit/sources/recorder.ts';
import { Cluster } from './objects.ts';

describeWithApiServer(
  'objects that a real API server takes, and that are more or other than anyone needs',
  (server) => {
    const cluster = new Cluster(server);
    let source: Source | undefined;

    afterEach(async () => {
      await source?.stop();
      source = undefined;
    });

    async function watch(namespace: string): Promise<Recorder> {
      const sink = new Recorder();
      source = kubernetesSource({
        namespaces: [namespace],
        kubeConfig: server.kubeconfig('admin'),
        log: { debug: () => undefined },
      });
      await source.start(sink);
      return sink;
    }

    const createSlice = (namespace: string, name: string, fields: object) =>
      server.request('POST', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
        metadata: { name, labels: { 'kubernetes.io/service-name': 'api' } },
        ports: [{ name: 'http', port: 8080 }],
        ...fields,
      });

    const createService = (namespace: string, name: string, metadata: object) =>
      server.request('POST', `/api/v1/namespaces/${namespace}/services`, {
        metadata: { name, ...metadata },
        spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] },
      });

    test('annotations of 200 KiB and with control characters are read, those of others left out', async () => {
      await cluster.createNamespace('annotated');
      const annotations = {
        'shunt.dev/match': `x-user=${'a'.repeat(200 * 1024)}`,
        'example.com/note': 'b'.repeat(50_000),
      };
      await createService('annotated', 'long', { annotations });
      await createService('annotated', 'control', { annotations: { 'shunt.dev/hosts': 'a\u0000b\u001b[31m\nc' } });
      const sink = await watch('annotated');
      expect(sink.keys()).toEqual(['Service annotated/control', 'Service annotated/long']);
      const long = sink.world.get('Service annotated/long') as ServiceRecord;
      expect(Object.keys(long.annotations)).toEqual(['shunt.dev/match']);
    });

    test('of an object of nearly a MiB what is used is kept', async () => {
      await cluster.createNamespace('large');
      const ports = Array.from({ length: 100 }, (_, index) => ({ name: `p${index}`, port: 1000 + index }));
      const note = 'x'.repeat(60_000);
      const managed = Array.from({ length: 1_000 }, (_, index) => ({
        addresses: [`10.2.${index >> 8}.${index & 255}`],
        nodeName: 'n'.repeat(253),
        hostname: `h${index}-${'h'.repeat(50)}`,
        targetRef: { kind: 'Pod', namespace: 'large', name: `${'p'.repeat(200)}-${index}`, uid: 'u'.repeat(36) },
      }));
      await createSlice('large', 'api-1', { addressType: 'IPv4', ports, endpoints: managed });
      await cluster.label('large', 'endpointslices', 'api-1', { note: 'x' });
      await server.request('PATCH', '/apis/discovery.k8s.io/v1/namespaces/large/endpointslices/api-1', {
        metadata: { annotations: { 'example.com/a': note, 'example.com/b': note, 'example.com/c': note } },
      });
      const sink = await watch('large');
      const record = sink.world.get('EndpointSlice large/api-1') as EndpointSliceRecord;
      expect(record.endpoints).toHaveLength(1_000);
      expect(record.ports).toHaveLength(100);
      expect(JSON.stringify(record).length).toBeLessThan(150_000);
    });

    test('dual stack, FQDN and duplicate addresses are delivered as they are', async () => {
      await cluster.createNamespace('families');
      const endpoints = (...addresses: readonly string[]) => addresses.map((address) => ({ addresses: [address] }));
      await createSlice('families', 'four', { addressType: 'IPv4', endpoints: endpoints('10.2.0.1', '10.2.0.1') });
      await createSlice('families', 'six', { addressType: 'IPv6', endpoints: endpoints('fd00::1') });
      await createSlice('families', 'names', { addressType: 'FQDN', endpoints: endpoints('db.example.com') });
      const sink = await watch('families');
      expect(sink.keys()).toHaveLength(3);
      expect(sink.sentences()).toEqual([]);
    });

    test('a namespace that is being deleted is served until its objects go', async () => {
      await cluster.createNamespace('leaving');
      await cluster.createService('leaving', 'api');
      const sink = await watch('leaving');
      await server.request('DELETE', '/api/v1/namespaces/leaving');
      await cluster.label('leaving', 'services', 'api', { 'shunt.dev/role': 'baseline' });
      await sink.until(() => JSON.stringify(sink.world.get('Service leaving/api')).includes('baseline'));
      await cluster.delete('leaving', 'services', 'api');
      await sink.until(() => sink.world.size === 0);
    });
  },
);
