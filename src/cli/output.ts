import { Document, visit } from 'yaml';
import type { OwnFlag } from '../settings/index.ts';
import type { Context } from './command.ts';
import { printableJson } from './terminal-text.ts';

const OUTPUTS = ['table', 'json', 'yaml'] as const;

export type Output = (typeof OUTPUTS)[number];

/** For people, or for programs. */
export const outputFlag: OwnFlag = {
  name: 'output',
  short: 'o',
  kind: 'single',
  placeholder: 'FORMAT',
  description: 'A table for people, or json or yaml for programs. Default: table.',
  accepts: `one of ${OUTPUTS.join(', ')}`,
  choices: OUTPUTS,
};

export function chosenOutput({ flags }: Pick<Context, 'flags'>): Output {
  const [given] = flags.get('output') ?? [];
  return OUTPUTS.find((name) => name === given) ?? 'table';
}

/** An answer in the form that was asked for; the table is made only if it is wanted. */
export function formatted(output: Output, answer: object, table: () => string): string {
  switch (output) {
    case 'table':
      return table();
    case 'json':
      return `${printableJson(JSON.stringify(answer, null, 2))}\n`;
    case 'yaml':
      return yamlText(answer);
    default:
      return output satisfies never;
  }
}

/** YAML whose escapes a terminal shows as they stand. */
export function yamlText(answer: object): string {
  const document = new Document(answer, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      // Only between double quotes are there escapes.
      if (typeof node.value === 'string' && /[\p{C}\p{Zl}\p{Zp}]/u.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return printableJson(document.toString({ lineWidth: 0, doubleQuotedAsJSON: true }));
}
