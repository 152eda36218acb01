import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { freePort } from './ports.ts';

/** An address that swallows packets: nobody accepts there, and nobody refuses. */
export interface BlackHole {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

const LISTEN = `
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: Number(process.argv[1]), backlog: 1 }, () => process.stdout.write('listening'));
`;

/** More than such a backlog holds. */
const CONNECTIONS = 8;

/** A process that listens and is stopped: once the kernel's backlog is full, it drops whoever else wants to connect. */
export async function openBlackHole(): Promise<BlackHole> {
  const port = await freePort();
  const child = spawn(process.execPath, ['-e', LISTEN, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  for (let count = 0; count < CONNECTIONS; count++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await once(sockets[0]!, 'connect');
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
