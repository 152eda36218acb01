import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differences } from './differences.ts';
import { definitions, load, loadOfficial, ourDirectory, protoFiles } from './reflection.ts';

let official: protobuf.Root;

beforeAll(() => {
  official = loadOfficial(protoFiles(ourDirectory));
});

/** Younger than the definitions that gRPC ships. What they do is seen in a real Envoy, by the tests that need it. */
const YOUNGER = [
  'envoy.config.route.v3.VirtualHost.request_body_buffer_limit',
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy.request_headers_mutations',
  'envoy.extensions.filters.http.set_filter_state.v3.Config.clear_route_cache',
].map((field) => `${field} does not exist officially`);

describe('the definitions in protos/', () => {
  it('are a subset of the official ones: names, numbers, types, oneofs, enum values and methods', () => {
    expect(differences(load(ourDirectory), ourDirectory, official)).toEqual(YOUNGER);
  });

  it('say of each message, enum and service in one line what it is for', () => {
    const found = Array.from(definitions(load(ourDirectory)));
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(([, definition]) => !/^[A-Z][^\n]+\.$/.test(definition.comment ?? ''))).toEqual([]);
  });

  it('have no message or enum that nothing else uses, but those that stand in an Any', () => {
    const all = definitions(load(ourDirectory));
    const used = new Set(
      Array.from(all.values()).flatMap((definition) => {
        if (definition instanceof protobuf.Type) return definition.fieldsArray.map((field) => field.resolvedType);
        if (definition instanceof protobuf.Enum) return [];
        return definition.methodsArray.flatMap((method) => [method.resolvedRequestType, method.resolvedResponseType]);
      }),
    );
    const unused = Array.from(all).filter(([, definition]) => {
      if (definition instanceof protobuf.Service || used.has(definition)) return false;
      return !(definition instanceof protobuf.Type) || !isCarriedInAny(definition.fullName.slice(1));
    });
    expect(unused.map(([name]) => name)).toEqual([]);
  });
});

function isCarriedInAny(name: string): boolean {
  const alone = [
    'cluster.v3.Cluster',
    'listener.v3.Listener',
    'route.v3.ScopedRouteConfiguration',
    'route.v3.FilterConfig',
  ];
  return name.startsWith('envoy.extensions.') || alone.some((each) => name === `envoy.config.${each}`);
}

describe('the comparison sees', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'protos-'));
  afterAll(() => rmSync(scratch, { recursive: true }));

  const cluster = 'envoy/config/cluster/v3/cluster.proto';
  const route = 'envoy/config/route/v3/route_components.proto';
  const ads = 'envoy/service/discovery/v3/ads.proto';
  const mistakes: [what: string, file: string, right: string, wrong: string, difference: string][] = [
    [
      'a wrong number',
      cluster,
      'string alt_stat_name = 28;',
      'string alt_stat_name = 29;',
      'envoy.config.cluster.v3.Cluster.alt_stat_name: number is 29, officially 28',
    ],
    [
      'a wrong name',
      cluster,
      'string alt_stat_name = 28;',
      'string alternative_stat_name = 28;',
      'envoy.config.cluster.v3.Cluster.alternative_stat_name does not exist officially',
    ],
    [
      'a wrong type',
      cluster,
      'string alt_stat_name = 28;',
      'bytes alt_stat_name = 28;',
      'envoy.config.cluster.v3.Cluster.alt_stat_name: type is "bytes", officially "string"',
    ],
    [
      'a forgotten "repeated"',
      cluster,
      'repeated string keys = 1;',
      'string keys = 1;',
      'envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector.keys: type is "string", officially "repeated string"',
    ],
    [
      'a map of something else',
      cluster,
      'map<string, google.protobuf.Any>',
      'map<string, google.protobuf.Struct>',
      'envoy.config.cluster.v3.Cluster.typed_extension_protocol_options: type is "map<string, google.protobuf.Struct>", officially "map<string, google.protobuf.Any>"',
    ],
    [
      'a forgotten oneof',
      cluster,
      '  oneof cluster_discovery_type {\n    DiscoveryType type = 2;\n  }',
      '  DiscoveryType type = 2;',
      'envoy.config.cluster.v3.Cluster.type: oneof is undefined, officially "cluster_discovery_type"',
    ],
    [
      'a JSON name of our own',
      cluster,
      'string alt_stat_name = 28;',
      'string alt_stat_name = 28 [json_name = "statName"];',
      'envoy.config.cluster.v3.Cluster.alt_stat_name: JSON name is "statName", officially "altStatName"',
    ],
    [
      'numbers that are not packed',
      route,
      'repeated uint32 retriable_status_codes = 7;',
      'repeated uint32 retriable_status_codes = 7 [packed = false];',
      'envoy.config.route.v3.RetryPolicy.retriable_status_codes: packed is false, officially true',
    ],
    [
      'a missing enum value',
      route,
      '    FOUND = 1;\n',
      '',
      'envoy.config.route.v3.RedirectAction.RedirectResponseCode: values is {"MOVED_PERMANENTLY":0,"SEE_OTHER":2,"TEMPORARY_REDIRECT":3,"PERMANENT_REDIRECT":4}, officially {"MOVED_PERMANENTLY":0,"FOUND":1,"SEE_OTHER":2,"TEMPORARY_REDIRECT":3,"PERMANENT_REDIRECT":4}',
    ],
    [
      'a message of our own',
      route,
      'message NonForwardingAction {}',
      'message NonForwardingAction {}\nmessage Teapot {}',
      'envoy.config.route.v3.Teapot does not exist officially',
    ],
    [
      'a method that does not stream',
      ads,
      'rpc DeltaAggregatedResources(stream DeltaDiscoveryRequest)',
      'rpc DeltaAggregatedResources(DeltaDiscoveryRequest)',
      'envoy.service.discovery.v3.AggregatedDiscoveryService.DeltaAggregatedResources: signature is ".envoy.service.discovery.v3.DeltaDiscoveryRequest → stream .envoy.service.discovery.v3.DeltaDiscoveryResponse", officially "stream .envoy.service.discovery.v3.DeltaDiscoveryRequest → stream .envoy.service.discovery.v3.DeltaDiscoveryResponse"',
    ],
    [
      'a method of our own',
      ads,
      'rpc DeltaAggregatedResources(',
      'rpc SomeAggregatedResources(',
      'envoy.service.discovery.v3.AggregatedDiscoveryService.SomeAggregatedResources does not exist officially',
    ],
  ];

  it.each(mistakes)('%s', (_what, file, right, wrong, difference) => {
    cpSync(ourDirectory, scratch, { recursive: true });
    const text = readFileSync(join(ourDirectory, file), 'utf8');
    expect(text).toContain(right);
    writeFileSync(join(scratch, file), text.replace(right, wrong));
    const found = differences(load(scratch), scratch, official);
    expect(found.filter((each) => !YOUNGER.includes(each))).toEqual([difference]);
  });

  it('a file at the wrong place', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'protos-'));
    try {
      writeFileSync(join(elsewhere, 'percent.proto'), readFileSync(join(ourDirectory, 'envoy/type/v3/percent.proto')));
      expect(differences(load(elsewhere), elsewhere, official)).toContain(
        'envoy.type.v3.Percent: file is "percent.proto", officially "envoy/type/v3/percent.proto"',
      );
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
