import { callersIn } from '../translate/groups.ts';
import { renderYaml } from '../translate/render.ts';
import type { Command } from './command.ts';
import { readWorld } from './read-world.ts';
import { gatewaySettings, sourceSettings } from './shared-settings.ts';

export const command: Command = {
  settings: [...sourceSettings, ...gatewaySettings, 'gatewayNamespace', 'logLevel'],
  examples: [
    {
      line: 'shunt render --directory manifests',
      says: 'Print each Envoy resource that the manifests make as a YAML document.',
    },
  ],
  notes: `
The documents are sorted by type and name. What is wrong with a manifest is said on stderr.`,
  async run(context) {
    const { settings, stdout } = context;
    const { store } = await readWorld(context);
    stdout.write(
      renderYaml(store.view(settings.gatewayNamespace === undefined ? '' : callersIn(settings.gatewayNamespace))),
    );
    return 0;
  },
};
