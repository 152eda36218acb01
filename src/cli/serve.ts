import { startControlPlane } from '../control-plane.ts';
import { createLogger } from '../log.ts';
import { formatHostPort } from '../settings/index.ts';
import type { Command } from './command.ts';
import { gatewaySettings, sourceSettings } from './shared-settings.ts';
import { interrupted } from './signals.ts';
import { openAnnouncing, openSource } from './source.ts';

export const command: Command = {
  settings: [
    ...sourceSettings,
    'lastGood',
    'announce',
    'announceName',
    'announceNamespace',
    'xds',
    'xdsCert',
    'xdsKey',
    'xdsCa',
    'xdsClient',
    'xdsPlaintext',
    'xdsStreams',
    'xdsRequests',
    'xdsMemory',
    'admin',
    'adminToken',
    ...gatewaySettings,
    'logLevel',
  ],
  examples: [
    {
      line: 'shunt serve --directory manifests',
      says: 'Serve what the manifests in a folder say, and follow the folder.',
    },
    {
      line: 'shunt serve --kubernetes --namespace shop',
      says: 'Follow one namespace of the cluster that kubectl would use.',
    },
    {
      line: 'shunt serve --directory . --xds 0.0.0.0:18000 --xds-cert s.crt --xds-key s.key --xds-ca ca.crt',
      says: 'Serve Envoys on other machines that show a certificate from the CA.',
    },
  ],
  notes: `
Logs go to stderr, one JSON object a line. http://ADMIN/healthz answers while the process does, and
http://ADMIN/readyz once everything to be watched has been read. SIGTERM ends it with status 0; the
Envoys keep what they have until it is back.`,
  async run({ settings, signal }) {
    const log = createLogger(settings.logLevel);
    const source = await openSource(settings, log, settings.lastGood);
    const controlPlane = await startControlPlane({ settings, source, log, announcing: await openAnnouncing(settings) });
    try {
      const { xds, admin } = controlPlane;
      log.info({ xds: formatHostPort(xds), admin: formatHostPort(admin) }, `serving ADS on ${formatHostPort(xds)}`);
      const ended = interrupted(signal);
      // A source that can never work ends the command; one that only has not synced yet does not.
      await Promise.race([controlPlane.ready.then(() => log.info('ready')), ended]);
      await ended;
      log.info('ending');
    } finally {
      await controlPlane.close();
    }
    return 0;
  },
};
