import { gatewayOptions } from '../control-plane.ts';
import type { World } from '../explain/index.ts';
import { createLogger } from '../log.ts';
import { Pipeline } from '../pipeline.ts';
import { ProblemLog } from '../problem-log.ts';
import { ResourceStore } from '../resources/index.ts';
import type { Context } from './command.ts';
import { openSource } from './source.ts';

/**
 * What a control plane would serve that started now. What is wrong with an object is said on stderr.
 *
 * @throws {SettingsError} if the settings name no source, or two.
 */
export async function readWorld({ settings, stderr }: Pick<Context, 'settings' | 'stderr'>): Promise<World> {
  const log = createLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel);
  const store = new ResourceStore();
  const problems = new ProblemLog({ warn: (_, sentence) => void stderr.write(`${sentence}\n`), info: () => {} });
  const options = gatewayOptions(settings);
  const pipeline = new Pipeline(options, store, problems, log);
  const source = await openSource(settings, log);
  try {
    await source.start(pipeline);
  } finally {
    await source.stop();
    pipeline.stop();
  }
  return { catalog: pipeline.catalog, options, store };
}
