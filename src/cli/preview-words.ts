import type { PreviewState, PreviewStatus } from '../status/index.ts';
import type { Colour } from './paint.ts';

/** How a state is shown. */
export const STATE_COLOURS: Readonly<Record<PreviewState, Colour>> = {
  live: 'green',
  arriving: 'yellow',
  unserved: 'yellow',
  unready: 'yellow',
  expired: 'grey',
  refused: 'red',
};

/** Whether requests reach it, wherever gateways have it. */
export function isInForce(state: PreviewState): boolean {
  return state !== 'refused' && state !== 'expired';
}

/** How a preview stands, as a sentence; the names in it are as they were given. */
export function standing({ state, gateways, problems }: PreviewStatus): string {
  const { current, total, behind } = gateways;
  switch (state) {
    case 'live':
      return `In force on ${current === 1 ? 'the one gateway' : `all ${current} gateways`}.`;
    case 'arriving':
      return `In force on ${current} of ${total} gateways; not on ${named(behind, total - current)}.`;
    case 'unserved':
      return 'No gateway is connected.';
    case 'unready':
      return 'The gateways have it, and none of its endpoints is ready.';
    case 'expired':
      return 'Its time is over.';
    case 'refused':
      return `Not in force${problems.length === 0 ? '.' : ', for the problems below.'}`;
    default:
      return state satisfies never;
  }
}

/** `a, b and 3 more`. */
function named(names: readonly string[], count: number): string {
  const first = names.slice(0, 5);
  const more = count - first.length;
  return more === 0 ? first.join(', ') : `${first.join(', ')} and ${more} more`;
}
