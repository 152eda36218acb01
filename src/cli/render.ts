import { gatewayOptions } from '../control-plane.ts';
import { createLogger } from '../log.ts';
import { Pipeline } from '../pipeline.ts';
import { ProblemLog } from '../problem-log.ts';
import { ResourceStore } from '../resources/index.ts';
import { callersIn } from '../translate/groups.ts';
import { renderYaml } from '../translate/render.ts';
import type { Command } from './command.ts';
import { gatewaySettings, sourceSettings } from './shared-settings.ts';
import { openSource } from './source.ts';

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
  async run({ settings, stdout, stderr }) {
    const log = createLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel);
    const store = new ResourceStore();
    const problems = new ProblemLog({ warn: (_, sentence) => void stderr.write(`${sentence}\n`), info: () => {} });
    const pipeline = new Pipeline(gatewayOptions(settings), store, problems, log);
    const source = await openSource(settings, log);
    try {
      await source.start(pipeline);
    } finally {
      await source.stop();
      pipeline.stop();
    }
    stdout.write(
      renderYaml(store.view(settings.gatewayNamespace === undefined ? '' : callersIn(settings.gatewayNamespace))),
    );
    return 0;
  },
};
