import type { Explanation, Outcome, Step } from './explanation.ts';

const MARKS: Readonly<Record<Step['result'], string>> = { yes: '✓', no: '✗', note: '·' };

/** An explanation for people, of several lines. */
export function explanationText({ request, gateway, outcome, steps }: Explanation): string {
  const { method, host, path } = request;
  const where = gateway.namespace === undefined ? '' : `, for callers in the namespace ${gateway.namespace}`;
  return [
    `${method} http://${host}${path}`,
    `→ ${outcomeText(outcome)}`,
    '',
    ...steps.map(({ result, text }) => `  ${MARKS[result]} ${text}`),
    '',
    `At the gateways on ${gateway.listeners.join(' and ')}${where}.`,
    '',
  ].join('\n');
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'nothing':
      return `nothing serves it: ${outcome.status}`;
    case 'gateway':
      return 'the gateway itself';
    case 'baseline':
      return `the baseline, Service ${outcome.baseline}`;
    case 'preview': {
      const { by } = outcome;
      const why = by?.kind === 'key' ? `by the key ${JSON.stringify(by.key)} in the ${by.carrier}` : 'by its rule';
      return `the preview, ${outcome.preview}, ${why}`;
    }
    default:
      return outcome satisfies never;
  }
}
