import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMatch } from '../../src/catalog/match.ts';
import { bootstrapConfig } from '../../src/gateway/bootstrap.ts';
import { translateMatch } from '../../src/translate/rule-match.ts';
import { envoyOrSkip, validateConfig } from '../support/envoy.ts';

const { layered_runtime } = bootstrapConfig({
  xds: { host: '127.0.0.1', port: 18000 },
  nodeId: 'test',
  protocol: 'delta',
  admin: { host: '127.0.0.1', port: 0 },
});

/** What a static Envoy is made of that has these matches on its routes, as they stand in the JSON form. */
function configOf(matches: readonly unknown[]): string {
  const routes = matches.map((match) => ({ match, direct_response: { status: 200 } }));
  const extension = (name: string, fields = {}) => ({
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.${name}`, ...fields },
  });
  const manager = extension('network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'test',
    http_filters: [extension('http.router.v3.Router')],
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
  });
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  const listeners = [{ name: 'test', address, filter_chains: [{ filters: [manager] }] }];
  return JSON.stringify({ layered_runtime, static_resources: { listeners } });
}

const sections = ['headers', 'cookies', 'baggage', 'query'] as const;

function matchOf(section: string, expression: string, ignoreCase: boolean) {
  const name = section === 'headers' ? 'x' : 'x'.repeat(128);
  const value = { regex: expression, ...(ignoreCase ? { 'ignore-case': 'true' } : {}) };
  const reading = readMatch(JSON.stringify({ [section]: { [name]: value } }))!;
  return 'match' in reading ? translateMatch(reading.match, '/') : undefined;
}

const piece = fc.constantFrom(
  ...'aks.|()[]^$*+?{}-\\/"0,;= dwsDWS~',
  '(?:',
  '[^',
  '{1,2}',
  '{50}',
  '{0,7}',
  '\\d',
  '\\W',
  '[a-z]',
);

const envoy = await envoyOrSkip();
describe.skipIf(envoy === undefined)('a real Envoy', () => {
  test('takes every expression that is taken here, for RE2’s syntax and for its size', async () => {
    const expressions = fc
      .sample(fc.array(piece, { minLength: 1, maxLength: 12 }), 60_000)
      .map((pieces) => pieces.join(''));
    const largest = [
      '(?:[acegikmoqs]{20}){1}',
      '[acegikmoqs]{20}',
      '\\W{45}',
      '.{50}.{30}',
      'k'.repeat(200),
      '(a|b|c){40}',
    ];
    const matches = [...largest, ...new Set(expressions)].flatMap((expression, index) => {
      const match = matchOf(sections[index % sections.length]!, expression, index % 3 === 0);
      return match === undefined ? [] : [match];
    });
    expect(matches.length).toBeGreaterThan(1_000);
    const { accepted, complaints } = await validateConfig(configOf(matches));
    expect(complaints).toEqual([]);
    expect(accepted).toBe(true);
  });

  test('is asked in earnest: it refuses what is none, and what is too large', async () => {
    for (const regex of ['(?=a)', '(?:a{50}){50}']) {
      const match = { prefix: '/', headers: [{ name: 'x', string_match: { safe_regex: { regex } } }] };
      expect(await validateConfig(configOf([match]))).toMatchObject({ accepted: false });
    }
  });
});
