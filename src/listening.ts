import { once } from 'node:events';
import { createServer } from 'node:net';
import { formatHostPort, type HostPort } from './settings/index.ts';

/** Says to whoever chose an address that it cannot be had, and where to choose another. */
export function listenFailure(setting: string, address: HostPort, why: string): Error {
  const example = formatHostPort({ ...address, port: address.port + (address.port > 60_000 ? -1000 : 1000) });
  return new Error(
    `setting ${setting}: ${formatHostPort(address)} cannot be used (${why}); choose another with --${setting}, ` +
      `for example --${setting} ${example}.`,
  );
}

/** What the system said of an attempt to listen, in words. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === 'EADDRINUSE' || error.message.includes('EADDRINUSE')
    ? 'another program listens there'
    : error.message;
}

/** @throws the sentence of `listenFailure`, if somebody listens there already. */
export async function requireFree(setting: string, address: HostPort): Promise<void> {
  const server = createServer().listen(address.port, address.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenFailure(setting, address, reasonOf(error as NodeJS.ErrnoException));
  }
  server.close();
  await once(server, 'close');
}
