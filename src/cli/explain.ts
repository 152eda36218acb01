import {
  EXPLAIN_PATH,
  type Explanation,
  explain,
  explainQuery,
  explanationText,
  RequestError,
  readRequest,
  type WrittenRequest,
} from '../explain/index.ts';
import { SettingsError } from '../settings/index.ts';
import { adminFlag, ask, askedIn } from './ask.ts';
import type { Command, Context } from './command.ts';
import { readWorld } from './read-world.ts';
import { gatewaySettings, sourceSettings } from './shared-settings.ts';
import { printableJson } from './terminal-text.ts';

const OUTPUTS = ['text', 'json'];

/** The exit status where nothing serves the request. */
const NOTHING_SERVES = 3;

export const command: Command = {
  settings: [...sourceSettings, ...gatewaySettings, 'gatewayNamespace', 'adminToken', 'logLevel'],
  positionals: [
    { name: 'METHOD', summary: 'The method of the request, such as GET.', required: true },
    { name: 'URL', summary: 'What the caller asks for, such as http://api/cart?x=1.', required: true },
  ],
  flags: [
    {
      name: 'header',
      short: 'H',
      kind: 'list',
      placeholder: "'NAME: VALUE'",
      description: 'A header of the request.',
      accepts: 'NAME: VALUE, for example x-preview: pr-123',
    },
    {
      name: 'admin',
      kind: 'single',
      placeholder: 'URL',
      description: 'Ask the control plane that serves this admin address, instead of reading manifests or a cluster.',
      accepts: adminFlag.accepts,
    },
    {
      name: 'output',
      kind: 'single',
      placeholder: OUTPUTS.join('|'),
      description: 'For people, or for programs. Default: text.',
      accepts: `one of ${OUTPUTS.join(', ')}`,
      choices: OUTPUTS,
    },
  ],
  examples: [
    {
      line: "shunt explain --directory manifests GET http://api/cart -H 'x-preview: pr-123'",
      says: 'Ask what manifests make of a request, with no cluster and no server.',
    },
    {
      line: 'shunt explain --admin http://127.0.0.1:19000 GET http://pr-123--api.preview.example.com/',
      says: 'Ask the control plane that runs here.',
    },
  ],
  notes: `
It says which preview or baseline a request reaches, by which key or rule, and why others lost. The
exit status is 0 if something serves it, and 3 if nothing does.`,
  async run(context) {
    const { positionals, flags, settings, stdout } = context;
    const [method = '', url = ''] = positionals;
    const written = { method, url, headers: flags.get('header') ?? [] };
    const [output = 'text'] = flags.get('output') ?? [];
    const request = understood(written);
    const explanation = flags.has('admin')
      ? await askControlPlane(context, written)
      : explain(await readWorld(context), request, settings.gatewayNamespace);
    stdout.write(
      output === 'json' ? `${printableJson(JSON.stringify(explanation, null, 2))}\n` : explanationText(explanation),
    );
    return explanation.outcome.kind === 'nothing' ? NOTHING_SERVES : 0;
  },
};

function understood(written: WrittenRequest): ReturnType<typeof readRequest> {
  try {
    return readRequest(written);
  } catch (error) {
    if (error instanceof RequestError) throw new SettingsError([error.message]);
    throw error;
  }
}

async function askControlPlane(context: Context, written: WrittenRequest): Promise<Explanation> {
  const { settings, signal } = context;
  const query = explainQuery(written, settings.gatewayNamespace);
  return (await ask(askedIn(context), `${EXPLAIN_PATH}?${query}`, signal)) as Explanation;
}
