import type { PreviewStatus, ServiceStatus } from '../status/index.ts';
import { askPreviews, askServices } from './answers.ts';
import { adminFlag, askedIn, askSettings } from './ask.ts';
import type { Command } from './command.ts';
import { chosenOutput, formatted, outputFlag } from './output.ts';
import { type Paint, paintFor } from './paint.ts';
import { isInForce, STATE_COLOURS } from './preview-words.ts';
import { ago } from './since.ts';
import { table } from './table.ts';

export const command: Command = {
  settings: askSettings,
  positionals: [
    { name: 'WHAT', summary: 'previews (default) or services.', required: false, choices: ['previews', 'services'] },
  ],
  flags: [
    {
      name: 'namespace',
      short: 'n',
      kind: 'single',
      placeholder: 'NAME',
      description: 'Only those of this namespace.',
      accepts: 'the name of a namespace',
    },
    adminFlag,
    outputFlag,
  ],
  examples: [
    { line: 'shunt list', says: 'Show all previews, and how they stand.' },
    {
      line: 'shunt list services -n shop',
      says: 'Show the Services of a namespace that may be intercepted, and by what.',
    },
    { line: 'shunt list -o json', says: 'The same for programs.' },
  ],
  notes: `
A preview is live once all connected gateways have it; arriving while some do not; unserved if none
is connected; unready if none of its endpoints is ready; expired when its time is over; refused if
something is wrong with it, which shunt describe tells.`,
  async run(context) {
    const { positionals, flags, stdout, env, signal } = context;
    const asked = askedIn(context);
    const [namespace] = flags.get('namespace') ?? [];
    const wanted = (each: { namespace: string }) => namespace === undefined || each.namespace === namespace;
    const [output, paint] = [chosenOutput(context), paintFor(stdout, env)];
    if (positionals[0] === 'services') {
      const services = (await askServices(asked, signal)).filter(wanted);
      stdout.write(formatted(output, { services }, () => serviceTable(services, paint)));
    } else {
      const previews = (await askPreviews(asked, signal)).filter(wanted);
      stdout.write(formatted(output, { previews }, () => previewTable(previews, paint)));
    }
    return 0;
  },
};

function previewTable(previews: readonly PreviewStatus[], paint: Paint): string {
  if (previews.length === 0) return 'There are no previews.\n';
  const now = Date.now();
  const rows = previews.map((preview) => {
    const { key, baseline, namespace, name, state, endpoints, gateways, changedAt, expiresAt, tookMs } = preview;
    const inForce = isInForce(state);
    return [
      key,
      baseline,
      `${namespace}/${name}`,
      { text: state, colour: STATE_COLOURS[state] },
      ...(inForce ? [`${endpoints}`, `${gateways.current}/${gateways.total}`] : [undefined, undefined]),
      tookMs === undefined ? undefined : `${tookMs}ms`,
      ago(changedAt, now),
      ago(expiresAt, now),
    ];
  });
  const titles = ['KEY', 'BASELINE', 'PREVIEW', 'STATE', 'ENDPOINTS', 'GATEWAYS', 'TOOK', 'AGE', 'EXPIRES'];
  return table(titles, rows, paint);
}

function serviceTable(services: readonly ServiceStatus[], paint: Paint): string {
  if (services.length === 0) return 'There are no Services that may be intercepted.\n';
  const rows = services.map(({ namespace, name, ports, endpoints, hosts, previews }) => [
    `${namespace}/${name}`,
    ports.map(({ port, protocol }) => `${port} ${protocol}`).join(', '),
    `${endpoints}`,
    `${previews.length}`,
    hosts.join(', '),
  ]);
  return table(['SERVICE', 'PORTS', 'ENDPOINTS', 'PREVIEWS', 'HOSTS'], rows, paint);
}
