import type { CatalogView } from '../catalog/catalog.ts';
import type { Baseline, HttpPort, Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import { ancestorsOf, isKey } from '../catalog/names.ts';
import type { BaselineIntercepts } from '../intercepts/intercept.ts';
import { copyOf } from '../intercepts/ports.ts';
import type { Problem } from '../problems.ts';
import type { Step } from './explanation.ts';

const step = (result: Step['result'], text: string): Step => ({ about: 'key', result, text });

/** What a key is, in words. */
export const KEY_RULE =
  'keys are at most 63 lower-case letters, digits, - and ., each part between dots beginning and ending with a letter or ' +
  'digit, without --';

/** The preview that a key leads to, if it is ready: the one of that key or of its nearest ancestor. */
export function previewOfKey({ intercepts }: BaselineIntercepts, key: string): Preview | undefined {
  const own = [key, ...ancestorsOf(key)].map((each) => intercepts.find(({ preview }) => preview.key === each)?.preview);
  return own.find((each) => each !== undefined);
}

/** How a key led to a preview. */
export function keyTaken(key: string, preview: Preview, baseline: Baseline): readonly Step[] {
  if (preview.key === key) {
    return [step('yes', `${describe(preview)} is the preview of ${describe(baseline)} with the key ${quote(key)}.`)];
  }
  return [
    step(
      'yes',
      `${describe(baseline)} has no preview with the key ${quote(key)}, which another Service has: ${describe(preview)}, with the key ` +
        `${quote(preview.key!)}, serves in its place.`,
    ),
  ];
}

/** Why a key leads to the baseline. */
export function keyLost(
  key: string,
  { baseline }: BaselineIntercepts,
  port: HttpPort,
  nearest: Preview | undefined,
  problems: readonly Problem[],
  catalog: CatalogView,
): readonly Step[] {
  if (!isKey(key)) {
    return [step('no', `${quote(key)} is no key (${KEY_RULE}), so it names nothing.`)];
  }
  const claims = catalog.claimsOf(key);
  const declared = claims.some(({ preview }) => preview !== undefined);
  if (nearest !== undefined && (nearest.key === key || declared)) {
    return [step('no', notReady(key, nearest, baseline, port, catalog, problems))];
  }
  const steps: Step[] = [];
  for (const { object, preview, problems: own } of claims) {
    const said = [...own, ...problems].filter((each) => each.object === object);
    if (preview?.baseline === baseline.id && preview.mirror !== undefined) {
      steps.push(step('note', `${object} has the key ${quote(key)} and is a mirror: it answers nothing.`));
    }
    if (preview?.baseline === baseline.id || preview === undefined) {
      steps.push(
        ...said.map(({ message }) => step('no', `${object} has the key ${quote(key)} but is left out: ${message}`)),
      );
    } else {
      steps.push(step('no', `${object} has the key ${quote(key)}, but is a preview of Service ${preview.baseline}.`));
    }
  }
  const parent =
    nearest === undefined
      ? ''
      : `; as nobody has it, it does not fall back to ${describe(nearest)} (${quote(nearest.key!)})`;
  steps.push(
    step('no', `${describe(baseline)} has no preview with the key ${quote(key)}${parent}: the baseline serves.`),
  );
  return steps;
}

/** Why a preview that is in force has no endpoints of its own on a port. */
export function notReady(
  key: string | undefined,
  preview: Preview,
  baseline: Baseline,
  port: HttpPort,
  catalog: CatalogView,
  problems: readonly Problem[],
): string {
  const title =
    key === undefined || preview.key === key ? describe(preview) : `${describe(preview)} (${quote(preview.key!)})`;
  const shared = problems.find(({ object, code }) => object === describe(preview) && code === 'address-shared');
  if (shared !== undefined) return `${title} has no endpoints of its own: ${shared.message}`;
  const known = baseline.ports.flatMap((each) => copyOf(each, baseline, preview, catalog)?.endpoints ?? []);
  const why =
    known.length === 0
      ? 'has no endpoints at all'
      : known.every(({ usable }) => !usable)
        ? `has ${known.length} endpoint${known.length === 1 ? '' : 's'}, none of them ready`
        : `has no port that stands for port ${port.port} (${port.protocol})`;
  return preview.whenUnready === 'deny' ? `${title} ${why}.` : `${title} ${why}: the baseline serves in its place.`;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
