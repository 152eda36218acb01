import { describe, expect, test } from 'vitest';
import { readManifest, readObject } from '../../../../src/sources/manifests/index.ts';

const LABELS = { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1', 'pod-template-hash': '5d8f', app: 'api' };

function podObject({
  metadata = {},
  spec = {},
  status = {},
}: {
  metadata?: object;
  spec?: object;
  status?: object;
} = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'api-pr-1-5d8f-x', namespace: 'shop', labels: LABELS, ...metadata },
    spec: { containers: [{ name: 'app', ports: [{ name: 'web', containerPort: 8080 }] }], ...spec },
    status: {
      phase: 'Running',
      podIPs: [{ ip: '10.0.0.9' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  };
}

const controlledBy = (kind: string, name: string) => ({
  ownerReferences: [
    { apiVersion: 'v1', kind: 'Other', name: 'other' },
    { kind, name, controller: true },
  ],
});

describe('a Pod that says what it intercepts', () => {
  test('becomes a record of the fields that Shunt uses', () => {
    const { record, problems } = readObject(podObject({ metadata: controlledBy('StatefulSet', 'api-pr-1') }));
    expect(problems).toEqual([]);
    expect(record).toEqual({
      ...{ kind: 'Pod', namespace: 'shop', name: 'api-pr-1-5d8f-x' },
      labels: { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' },
      annotations: {},
      owner: { kind: 'StatefulSet', name: 'api-pr-1' },
      addresses: ['10.0.0.9'],
      ...{ ready: true, terminating: false, hostNetwork: false },
      ports: [{ name: 'web', port: 8080 }],
    });
  });

  test('is of the Deployment that made its ReplicaSet', () => {
    const ownerOf = (kind: string, name: string) =>
      readObject(podObject({ metadata: controlledBy(kind, name) })).record;
    expect(ownerOf('ReplicaSet', 'api-pr-1-5d8f')).toMatchObject({ owner: { kind: 'Deployment', name: 'api-pr-1' } });
    expect(ownerOf('ReplicaSet', 'by-hand')).toMatchObject({ owner: { kind: 'ReplicaSet', name: 'by-hand' } });
    expect(readObject(podObject()).record).not.toHaveProperty('owner');
  });

  test('has the addresses of both families, spelt in one way', () => {
    const status = { podIPs: [{ ip: 'FD00:0::1' }, { ip: '10.0.0.9' }], podIP: 'fd00::1' };
    expect(readObject(podObject({ status })).record).toMatchObject({ addresses: ['fd00::1', '10.0.0.9'] });
    const old = { podIPs: undefined, podIP: '10.0.0.7' };
    expect(readObject(podObject({ status: old })).record).toMatchObject({ addresses: ['10.0.0.7'] });
  });

  test.each(['Succeeded', 'Failed'])('has none once it has %s, as they may be another’s by then', (phase) => {
    expect(readObject(podObject({ status: { phase } })).record).toMatchObject({ addresses: [] });
  });

  test('is ready if it is said to be, and ends when it is to be deleted', () => {
    const ready = (conditions: unknown) => readObject(podObject({ status: { conditions } })).record;
    expect(ready([{ type: 'Ready', status: 'False' }])).toMatchObject({ ready: false });
    expect(ready([{ type: 'ContainersReady', status: 'True' }])).toMatchObject({ ready: false });
    expect(ready(undefined)).toMatchObject({ ready: false });
    const metadata = { deletionTimestamp: '2026-01-31T12:00:00Z' };
    expect(readObject(podObject({ metadata })).record).toMatchObject({ ready: true, terminating: true });
  });

  test('has the TCP ports of its containers, sidecars included and what only initialises not', () => {
    const spec = {
      hostNetwork: true,
      initContainers: [
        { name: 'once', ports: [{ containerPort: 1 }] },
        { name: 'sidecar', restartPolicy: 'Always', ports: [{ containerPort: 2 }] },
      ],
      containers: [{ ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }] }, { ports: [{ containerPort: 3 }] }],
    };
    expect(readObject(podObject({ spec })).record).toMatchObject({
      hostNetwork: true,
      ports: [
        { name: '', port: 2 },
        { name: '', port: 3 },
      ],
    });
  });

  test('is told where its status is wrong', () => {
    const { record, problems } = readObject(podObject({ status: { podIPs: [{ ip: '10.0.0' }, { ip: '10.0.0.9' }] } }));
    expect(record).toMatchObject({ addresses: ['10.0.0.9'] });
    expect(problems).toEqual([
      expect.objectContaining({ object: 'Pod shop/api-pr-1-5d8f-x', message: 'status.podIPs[0].ip is "10.0.0".' }),
    ]);
  });
});

test('a Pod that says not what it intercepts is passed over, whatever else is wrong with it', () => {
  expect(readObject(podObject({ metadata: { name: 7, labels: { app: 'api' } } }))).toEqual({ problems: [] });
  expect(readObject({ kind: 'Pod', metadata: { generateName: 'x' } })).toEqual({ problems: [] });
});

test('Pods are read from lists as kubectl prints them', () => {
  const list = {
    apiVersion: 'v1',
    kind: 'PodList',
    items: [{ ...podObject(), apiVersion: undefined, kind: undefined }],
  };
  const reading = readManifest(JSON.stringify(list), 'pods.json');
  expect(reading.kind === 'readable' && reading.objects.map(({ ref }) => ref)).toEqual([
    { kind: 'Pod', namespace: 'shop', name: 'api-pr-1-5d8f-x' },
  ]);
});
