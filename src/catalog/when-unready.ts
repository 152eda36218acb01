import type { WhenUnready } from './model.ts';
import { ANNOTATIONS } from './names.ts';

export type WhenUnreadyReading =
  | { readonly whenUnready: WhenUnready }
  | { readonly wrong: string; readonly advice: string };

/** Reads `shunt.dev/when-unready`; `baseline` where it is absent. */
export function readWhenUnready(text: string | undefined): WhenUnreadyReading {
  const written = text?.trim() ?? 'baseline';
  if (written === 'baseline' || written === 'deny') return { whenUnready: written };
  return {
    wrong: `the annotation ${ANNOTATIONS.whenUnready} is ${JSON.stringify(written.slice(0, 80))}.`,
    advice: 'Write baseline, so that the baseline answers meanwhile, or deny, so that nobody does.',
  };
}
