import { namespaceMetadata } from './gateway/index.ts';
import type { ClientRule } from './settings/index.ts';
import type { ClientPolicy, Identity } from './xds/index.ts';

/** Holds Envoys to the rules of the setting xds-client. Without rules every identity is admitted, as anything. */
export function clientPolicy(rules: readonly ClientRule[]): ClientPolicy | undefined {
  if (rules.length === 0) return undefined;
  const rulesFor = (identities: readonly Identity[]) =>
    rules.filter((rule) => identities.some((identity) => identifies(rule.identity, identity)));
  return {
    refuseConnection(identities) {
      if (rulesFor(identities).length > 0) return undefined;
      return identities.length === 0
        ? 'The client certificate names neither a DNS name nor a URI, by which xds-client could admit it.'
        : `No rule of xds-client admits ${namesOf(identities)}.`;
    },
    refuseClaim(identities, { id, metadata }) {
      const namespace = metadata[namespaceMetadata];
      const ofThisNode = rulesFor(identities).filter(({ nodes }) => permits(nodes, id));
      if (ofThisNode.length === 0) {
        const permitted = rulesFor(identities).flatMap(({ nodes }) => nodes);
        return `${namesOf(identities)} may not have the node id ${quoted(id)}; xds-client permits ${permitted.join(', ')}.`;
      }
      if (ofThisNode.some(({ namespaces }) => permits(namespaces, namespace))) return undefined;
      const permitted = ofThisNode.flatMap(({ namespaces }) => namespaces).join(', ');
      return typeof namespace === 'string' && namespace !== ''
        ? `${namesOf(identities)} may not stand in the namespace ${quoted(namespace)}; xds-client permits ${permitted}.`
        : `${namesOf(identities)} must say in which namespace it stands (${namespaceMetadata}); xds-client permits ${permitted}.`;
    },
  };
}

function identifies(pattern: string, { kind, name }: Identity): boolean {
  // A DNS name has no colon.
  if ((kind === 'uri') !== pattern.includes(':')) return false;
  if (pattern.startsWith('*.') && name.endsWith(pattern.slice(1))) return name.length > pattern.length - 1;
  return matches(pattern, name);
}

function permits(patterns: readonly string[], claimed: unknown): boolean {
  return patterns.length === 0 || patterns.some((pattern) => typeof claimed === 'string' && matches(pattern, claimed));
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** What a client says of itself may be of any length. */
function quoted(claimed: string): string {
  return JSON.stringify(claimed.length > LONGEST_CLAIM ? `${claimed.slice(0, LONGEST_CLAIM)}…` : claimed);
}

const LONGEST_CLAIM = 100;

function namesOf(identities: readonly Identity[]): string {
  return identities.map(({ name }) => name).join(', ');
}
