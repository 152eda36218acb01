import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootstrapConfig } from '../src/gateway/index.ts';
import type { Protocol } from '../src/settings/index.ts';
import { freePort } from '../test/support/ports.ts';
import { envoyFlags, type Surroundings } from './contender.ts';
import { startProcess } from './process.ts';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface ServingOptions extends Omit<Surroundings, 'upstreams'> {
  /** In messages. */
  readonly title: string;
  /** Flags that name the source. */
  readonly source: readonly string[];
  readonly protocol: Protocol;
}

/**
 * Starts `shunt serve`, and an Envoy that follows it.
 *
 * @returns where the Envoy will accept requests, on the loopback address, and its process.
 */
export async function startServing(options: ServingOptions): Promise<{ readonly port: number; readonly pid: number }> {
  const { title, source, protocol, binary, folder, onStart, onFailure } = options;
  const [xds, port] = [await freePort(), await freePort()];
  await startProcess({
    title,
    command: process.execPath,
    args: [
      ...[program, 'serve', ...source],
      ...['--xds', `127.0.0.1:${xds}`, '--listen', `127.0.0.1:${port}`, '--admin', '127.0.0.1:0'],
    ],
    log: join(folder, 'shunt.log'),
    onStart,
    onFailure,
  });
  // Every port that is not needed is one less that another program may have taken in the meantime.
  const { admin: _, ...bootstrap } = bootstrapConfig({
    xds: { host: '127.0.0.1', port: xds },
    nodeId: 'bench',
    protocol,
    admin: { host: '127.0.0.1', port: 0 },
  });
  const pid = await startProcess({
    title: `The Envoy of ${title}`,
    command: binary,
    args: envoyFlags(bootstrap),
    log: join(folder, 'envoy.log'),
    onStart,
    onFailure,
  });
  return { port, pid };
}
