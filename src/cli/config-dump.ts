import { CONFIG_DUMP_PATH, type NodeResource, RESOURCES_PATH } from '../status/index.ts';
import { askGateways } from './answers.ts';
import { type Asked, adminFlag, ask, askedIn, askSettings } from './ask.ts';
import type { Command } from './command.ts';
import { chosenOutput, formatted, outputFlag } from './output.ts';
import { type Colour, type Paint, paintFor } from './paint.ts';
import { table } from './table.ts';
import { printable } from './terminal-text.ts';

/** By the names that Envoy's users know. */
const TYPES: Readonly<Record<string, string>> = {
  cds: 'Cluster',
  eds: 'ClusterLoadAssignment',
  lds: 'Listener',
  rds: 'RouteConfiguration',
  ecds: 'TypedExtensionConfig',
};

const PROGRESS_COLOURS: Readonly<Record<string, Colour>> = {
  accepted: 'green',
  refused: 'red',
  sent: 'yellow',
  waiting: 'yellow',
};

export const command: Command = {
  settings: askSettings,
  positionals: [{ name: 'NODE', summary: 'The node id of an Envoy, as shunt status shows it.', required: true }],
  flags: [
    {
      name: 'type',
      kind: 'single',
      placeholder: 'TYPE',
      description: `Only resources of this type: ${Object.keys(TYPES).join(', ')}.`,
      accepts: `one of ${Object.keys(TYPES).join(', ')}`,
      choices: Object.keys(TYPES),
    },
    adminFlag,
    outputFlag,
  ],
  examples: [
    { line: 'shunt config-dump gateway-1', says: 'Show what an Envoy has been given, and how it answered.' },
    { line: 'shunt config-dump gateway-1 --type eds -o yaml', says: 'The same with all contents, of one type.' },
  ],
  notes: `
The table shows the version that the Envoy is to have and how far that has come: accepted, refused,
sent and not answered yet, or waiting to be sent. With -o yaml or json there is each resource's
present content too.`,
  async run(context) {
    const { positionals, flags, stdout, env, signal } = context;
    const [node = ''] = positionals;
    const asked = askedIn(context);
    const [type] = flags.get('type') ?? [];
    const query = new URLSearchParams({ node });
    const answer = (await ask(asked, `${CONFIG_DUMP_PATH}?${query}`, signal)) as { resources: readonly NodeResource[] };
    const resources = answer.resources.filter(
      ({ typeUrl }) => type === undefined || shortType(typeUrl) === TYPES[type],
    );
    const output = chosenOutput(context);
    if (output === 'table') stdout.write(resourceTable(resources, paintFor(stdout, env)));
    else {
      const shown = await withContents(asked, node, resources, signal);
      stdout.write(formatted(output, { node, resources: shown }, () => ''));
    }
    return 0;
  },
};

/** As the Envoy's groups see them; one after the other, for the sake of the control plane. */
async function withContents(asked: Asked, node: string, resources: readonly NodeResource[], signal: AbortSignal) {
  const gateway = (await askGateways(asked, signal)).find((each) => each.node === node);
  const groups = (gateway?.groups ?? []).map((group) => ['group', group]);
  const shown = [];
  for (const status of resources) {
    const query = new URLSearchParams([...groups, ['type', status.typeUrl], ['name', status.name]]);
    const there = status.version !== undefined;
    const answer = there && ((await ask(asked, `${RESOURCES_PATH}?${query}`, signal)) as { resource: object });
    shown.push(answer ? { ...status, resource: answer.resource } : status);
  }
  return shown;
}

function resourceTable(resources: readonly NodeResource[], paint: Paint): string {
  const rows = resources.map(({ typeUrl, name, version, progress }) => [
    shortType(typeUrl),
    name,
    version ?? 'absent',
    { text: progress, colour: PROGRESS_COLOURS[progress] ?? 'grey' },
  ]);
  const refusals = resources.flatMap(({ typeUrl, name, refusal }) =>
    refusal === undefined ? [] : [`${shortType(typeUrl)} ${printable(name)} is refused: ${printable(refusal)}\n`],
  );
  return [
    table(['TYPE', 'NAME', 'VERSION', 'STATE'], rows, paint),
    ...(refusals.length === 0 ? [] : ['\n', ...refusals]),
  ].join('');
}

function shortType(typeUrl: string): string {
  return printable(typeUrl.slice(typeUrl.lastIndexOf('.') + 1));
}
