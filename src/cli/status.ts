import type { GatewayStatus, GatewayTypeStatus, PreviewStatus } from '../status/index.ts';
import { askGateways, askPreviews } from './answers.ts';
import { adminFlag, askedIn, askSettings } from './ask.ts';
import type { Command } from './command.ts';
import { chosenOutput, formatted, outputFlag } from './output.ts';
import { type Paint, paintFor } from './paint.ts';
import { ago } from './since.ts';
import { type Cell, table } from './table.ts';
import { printable } from './terminal-text.ts';

/** The exit status where an Envoy refuses something. */
const REFUSED = 3;

/** In the order in which Envoy gets them, by the names that its users know. */
const COLUMNS: readonly (readonly [title: string, type: string])[] = [
  ['CDS', 'Cluster'],
  ['EDS', 'ClusterLoadAssignment'],
  ['LDS', 'Listener'],
  ['RDS', 'RouteConfiguration'],
];

export const command: Command = {
  settings: askSettings,
  flags: [adminFlag, outputFlag],
  examples: [
    { line: 'shunt status', says: 'Show the Envoys that are connected, what they have taken and what they refuse.' },
  ],
  notes: `
Of each type an Envoy has acknowledged (ACK) what it was sent last, has not answered yet (SENT) or
refuses something (NACK), which is told below the table. BEHIND counts the previews that it has not
acknowledged. The exit status is 0, and 3 if any Envoy refuses anything.`,
  async run(context) {
    const { stdout, env, signal } = context;
    const asked = askedIn(context);
    const [gateways, previews] = await Promise.all([askGateways(asked, signal), askPreviews(asked, signal)]);
    const text = () => statusText(gateways, previews, paintFor(stdout, env));
    stdout.write(formatted(chosenOutput(context), { gateways }, text));
    return gateways.some(refusesAny) ? REFUSED : 0;
  },
};

function statusText(gateways: readonly GatewayStatus[], previews: readonly PreviewStatus[], paint: Paint): string {
  if (gateways.length === 0) return 'No Envoy is connected.\n';
  const now = Date.now();
  const titles = ['NODE', 'PROTOCOL', 'CONNECTED', ...COLUMNS.map(([title]) => title), 'BEHIND'];
  const rows = gateways.map(({ node, protocol, connectedAt, types }) => [
    node,
    protocol,
    ago(connectedAt, now),
    ...COLUMNS.map(([, type]) => answered(types.find((each) => each.type === type))),
    `${previews.filter(({ gateways: { behind } }) => behind.includes(node)).length}`,
  ]);
  const refusals = gateways.flatMap(({ node, types }) =>
    types.flatMap(({ type, refusals }) =>
      refusals.map(
        ({ name, reason }) => `${printable(node)} refuses the ${type} ${printable(name)}: ${printable(reason)}\n`,
      ),
    ),
  );
  return [table(titles, rows, paint), ...(refusals.length === 0 ? [] : ['\n', ...refusals])].join('');
}

function answered(status: GatewayTypeStatus | undefined): Cell {
  if (status === undefined) return undefined;
  const { sent, acknowledged, refused, refusals } = status;
  if (refusals.length > 0) return { text: 'NACK', colour: 'red' };
  return sent > acknowledged + refused ? { text: 'SENT', colour: 'yellow' } : { text: 'ACK', colour: 'green' };
}

function refusesAny({ types }: GatewayStatus): boolean {
  return types.some(({ refusals }) => refusals.length > 0);
}
