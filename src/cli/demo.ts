import { type Demo, startDemo } from '../demo/demo.ts';
import { formatHostPort, type Settings } from '../settings/index.ts';
import { bootstrapSettings } from './bootstrap-options.ts';
import type { Command } from './command.ts';
import { interrupted } from './signals.ts';

export const command: Command = {
  settings: [...bootstrapSettings, 'admin', 'listen', 'previewDomain', 'keyHeader', 'keyBaggage', 'logLevel'],
  examples: [
    { line: 'shunt demo', says: 'Run it, and try the three requests that it prints.' },
    { line: 'shunt demo --listen 127.0.0.1:11000', says: 'The same, with the gateway on another port.' },
  ],
  notes: `
frontend calls api, which calls identity and db, each by its in-cluster name through the gateway.
api has a preview under the key pr-123. All of it runs on this machine, and ends with Ctrl-C.`,
  async run({ settings, stdout, env, signal }) {
    const say = (line: string): void => void stdout.write(`${line}\n`);
    const quiet = settings.logLevel === 'info' ? { ...settings, logLevel: 'warn' as const } : settings;
    // Both sides are here, and certificates in the environment are for others.
    const plain = { ...quiet, xdsCert: undefined, xdsKey: undefined, xdsCa: undefined, xdsClient: [] };
    const demo = await startDemo({ settings: plain, env, signal, say });
    try {
      say(introduction(demo, settings));
      const failed = await Promise.race([demo.failed, interrupted(signal)]);
      if (failed instanceof Error) throw failed;
    } finally {
      say('Ending.');
      await demo.close();
    }
    return 0;
  },
};

function introduction({ folder, gateway, services }: Demo, settings: Settings): string {
  const running = services.map(({ title, port }) => `  ${title.padEnd(12)}127.0.0.1:${port}`);
  const port = gateway.port === 80 ? '' : `:${gateway.port}`;
  const domain = settings.previewDomain;
  const shop = `http://shop.${domain.split('.').slice(1).join('.') || 'localhost'}${port}/`;
  const tries = [
    shop,
    ...(settings.keyHeader === undefined ? [] : [`-H '${settings.keyHeader}: pr-123' ${shop}`]),
    ...(settings.keyHost ? [`http://pr-123--api.${domain}${port}/`] : []),
  ];
  return `
Running, until Ctrl-C:
${running.join('\n')}
  ${'gateway'.padEnd(12)}${formatHostPort(gateway)} (Envoy; its admin page: http://${formatHostPort(settings.envoyAdmin)}/)
  ${'shunt'.padEnd(12)}${formatHostPort(settings.xds)} (ADS), http://${formatHostPort(settings.admin)}/readyz
  ${'manifests'.padEnd(12)}${folder}

Try, in another terminal:
${tries.map((line) => `  curl ${line}`).join('\n')}

Then edit, add or delete a manifest there, and ask again. Requests to the services:`;
}
