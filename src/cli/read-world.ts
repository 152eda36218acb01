import { gatewayOptions, ridingIn } from '../control-plane.ts';
import type { World } from '../explain/index.ts';
import { createLogger } from '../log.ts';
import { Pipeline } from '../pipeline.ts';
import { ProblemLog } from '../problem-log.ts';
import type { Problem } from '../problems.ts';
import { Receipts } from '../receipts/index.ts';
import { ResourceStore } from '../resources/index.ts';
import type { Settings } from '../settings/index.ts';
import type { Source } from '../sources/source.ts';
import type { Context } from './command.ts';
import { openSource } from './source.ts';
import { printable } from './terminal-text.ts';

/** In characters: a problem, with what to write instead. */
const LONGEST_SENTENCE = 2000;

/** A world at rest, with all that is wrong in it. */
export interface ReadWorld extends World {
  readonly problems: readonly Problem[];
  /** Of gateways that nobody has connected. */
  readonly receipts: Receipts;
}

/**
 * What a control plane would serve that started now. What is wrong with an object is said on stderr.
 *
 * @throws {SettingsError} if the settings name no source, or two.
 */
export async function readWorld({ settings, stderr }: Pick<Context, 'settings' | 'stderr'>): Promise<ReadWorld> {
  const source = await openSource(settings, quietLog(settings));
  return worldOf(source, settings, (sentence) => void stderr.write(`${printable(sentence, LONGEST_SENTENCE)}\n`));
}

/**
 * What a source holds now, as a control plane would take it.
 *
 * @param tell told of each problem as it comes.
 */
export async function worldOf(
  source: Source,
  settings: Settings,
  tell: (sentence: string) => void = () => {},
): Promise<ReadWorld> {
  const store = new ResourceStore();
  const problems = new ProblemLog({ warn: (_, sentence) => tell(sentence), info: () => {} });
  const options = gatewayOptions(settings);
  const receipts = new Receipts({ store, isGateway: () => true });
  const pipeline = new Pipeline(options, store, problems, quietLog(settings), (change) =>
    receipts.followed(ridingIn(change, store)),
  );
  try {
    await source.start(pipeline);
  } finally {
    await source.stop();
    pipeline.stop();
  }
  return { catalog: pipeline.catalog, options, store, problems: problems.current(), receipts };
}

/** What a server tells of its doings is no news where nothing is served. */
function quietLog({ logLevel }: Settings) {
  return createLogger(logLevel === 'info' ? 'warn' : logLevel);
}
