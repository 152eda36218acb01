import type { Baseline } from '../catalog/model.ts';

/**
 * How many parts a key in a host may have. Each is about 15 instructions of the expression that reads hosts, which each
 * request is matched with, and of which an Envoy takes 100 by default.
 */
export const HOST_PARTS = 3;

/** Of a DNS label (RFC 1035, section 2.3.4). */
const LONGEST_LABEL = 63;

/** Ends a key with dots, whose dots are written `--`. */
const DOTTED_END = '---';

/** The first label of a preview's host: `pr-123--api`, or `checkout--alice---api` for the key `checkout.alice`. */
export function previewLabel(key: string, service: string): string {
  return `${key.replaceAll('.', '--')}${key.includes('.') ? DOTTED_END : '--'}${service}`;
}

/** Why no host can name a baseline's preview of this key, which other carriers can; undefined if one can. */
export function whyNoPreviewHost(key: string, { name }: Baseline): { why: string; advice: string } | undefined {
  const elsewhere = 'or let requests carry its key elsewhere than in the host.';
  const parts = key.split('.').length;
  if (parts > HOST_PARTS) {
    return {
      why: `the key ${JSON.stringify(key)} has ${parts} parts, and a host holds ${HOST_PARTS} at most`,
      advice: `Use fewer dots, ${elsewhere}`,
    };
  }
  if (name.includes(DOTTED_END)) {
    return {
      why: `the name of its baseline, ${name}, holds ${DOTTED_END}, which ends a key in a host`,
      advice: `Use another name for the Service, ${elsewhere}`,
    };
  }
  const label = previewLabel(key, name);
  if (label.length <= LONGEST_LABEL) return undefined;
  const tooMany = label.length - LONGEST_LABEL;
  return {
    why: `${JSON.stringify(label)} has ${label.length} characters, and a label of a host ${LONGEST_LABEL} at most`,
    advice: `Make the key ${tooMany} character${tooMany === 1 ? '' : 's'} shorter, ${elsewhere}`,
  };
}
