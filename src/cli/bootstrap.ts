import { Document, visit } from 'yaml';
import { type Bootstrap, bootstrapConfig, writeSdsFiles } from '../gateway/index.ts';
import { bootstrapOptions, bootstrapSettings, tlsSettings } from './bootstrap-options.ts';
import type { Command } from './command.ts';

export const command: Command = {
  settings: [...bootstrapSettings, ...tlsSettings, 'envoyProbe', 'sdsDirectory'],
  examples: [
    {
      line: 'shunt bootstrap --xds shunt.shunt-system:18000 > bootstrap.yaml && envoy --config-path bootstrap.yaml',
      says: 'Run an Envoy of your own, in a cluster where the Service shunt of the namespace shunt-system is the control plane.',
    },
    {
      line: 'shunt bootstrap --gateway-namespace shop',
      says: 'For an Envoy whose clients call the Services of the namespace shop by their short names.',
    },
    {
      line: 'shunt bootstrap --xds-ca ca.crt --xds-cert tls.crt --xds-key tls.key --sds-directory .',
      says: 'For an Envoy that shows the control plane a certificate, and demands one of it.',
    },
  ],
  async run({ settings, stdout }) {
    const options = bootstrapOptions(settings);
    if (options.tls !== undefined) await writeSdsFiles(options.tls);
    stdout.write(bootstrapYaml(bootstrapConfig(options)));
    return 0;
  },
};

/** A bootstrap as the YAML file that users read and keep. */
export function bootstrapYaml(bootstrap: Bootstrap): string {
  const document = new Document(bootstrap, { aliasDuplicateObjects: false });
  document.commentBefore = [
    ' What an Envoy is started with, so that it takes everything else from Shunt:',
    '   envoy --config-path FILE',
    ' Printed by shunt bootstrap.',
  ].join('\n');
  visit(document, {
    Pair(_, { key, value }) {
      const name = String(key);
      if (name !== 'node' && name !== 'address') return;
      // Envoy reads YAML 1.1, where a name such as `on` or `1.10` without quotes is no name.
      visit(value as never, {
        Scalar(position, node) {
          if (position !== 'key' && typeof node.value === 'string') node.type = 'QUOTE_DOUBLE';
        },
      });
    },
  });
  return document.toString({ lineWidth: 0 });
}
