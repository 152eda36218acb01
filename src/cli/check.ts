import type { Problem, ProblemCode } from '../problems.ts';
import { SettingsError } from '../settings/index.ts';
import { fileSource } from '../sources/directory/index.ts';
import type { Command } from './command.ts';
import { chosenOutput, formatted, outputFlag } from './output.ts';
import { type Paint, paintFor } from './paint.ts';
import { worldOf } from './read-world.ts';
import { gatewaySettings } from './shared-settings.ts';
import { printable } from './terminal-text.ts';

/** What no manifest can mend: Pods are in the cluster, and so are their addresses. */
const OF_THE_CLUSTER: ReadonlySet<ProblemCode> = new Set(['endpoints-missing', 'baseline-empty']);

export const command: Command = {
  settings: ['config', ...gatewaySettings],
  positionals: [
    {
      name: 'FILE',
      summary: 'A manifest, or a folder of manifests: .yaml, .yml and .json, in folders within it too.',
      required: true,
      repeated: true,
    },
  ],
  flags: [outputFlag],
  examples: [
    { line: 'shunt check manifests', says: 'Check all manifests of a folder, as before a commit.' },
    {
      line: 'shunt check baselines.yaml preview.yaml',
      says: 'Check a preview, beside the baselines that it may name.',
    },
  ],
  notes: `
Needs no cluster and no server. Objects of other kinds than Service, EndpointSlice and Pod are passed
over. A preview's baseline has to be among the files. The exit status is 0 if nothing is wrong, and 1
if something is.`,
  async run(context) {
    const { positionals, settings, stdout, env } = context;
    const source = fileSource(positionals);
    await source.check().catch((error: Error) => {
      throw new SettingsError([error.message]);
    });
    const world = await worldOf(source, settings);
    const problems = world.problems
      .filter(({ code }) => !OF_THE_CLUSTER.has(code))
      .map(placed)
      .sort(inOrder);
    const [baselines, previews] = [[...world.catalog.baselines()].length, world.catalog.labelledPreviews().length];
    const text = () => {
      const found = `${count(baselines, 'baseline')} and ${count(previews, 'preview')}`;
      const wrong = problems.length === 0 ? 'nothing is wrong' : count(problems.length, 'problem');
      return [...problems.map((problem) => line(problem, paintFor(stdout, env))), `${found}: ${wrong}.\n`].join('');
    };
    stdout.write(formatted(chosenOutput(context), { baselines, previews, problems }, text));
    return problems.length === 0 ? 0 : 1;
  },
};

interface PlacedProblem extends Omit<Problem, 'place'> {
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
}

function placed({ place, code, object, message, advice }: Problem): PlacedProblem {
  const [, file, line] = /^(.*?)(?::(\d+))?$/s.exec(place ?? '') ?? [];
  return {
    file: file || undefined,
    line: line === undefined ? undefined : Number(line),
    code,
    object,
    message,
    advice,
  };
}

function inOrder(a: PlacedProblem, b: PlacedProblem): number {
  const [fileA, fileB] = [a.file ?? '', b.file ?? ''];
  if (fileA !== fileB) return fileA < fileB ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.message < b.message ? -1 : 1);
}

/** `FILE:LINE: …`, which editors and CI systems find. */
function line({ file, line, code, object, message, advice }: PlacedProblem, paint: Paint): string {
  const place = [file && printable(file), line].filter((part) => part !== undefined).join(':');
  const where = place === '' ? '' : `${paint('bold', `${place}:`)} `;
  const what = object === file ? '' : `${printable(object)}: `;
  return `${where}${what}${printable(message)} ${printable(advice)} ${paint('grey', `[${code}]`)}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
