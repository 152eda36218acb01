import { createHash } from 'node:crypto';
import { startWebSite, type WebSite } from './web-site.ts';

/** A service with what browsers ask for: pages, frames, redirects, a WebSocket, server-sent events and an open API. */
export async function startShopSite(title: string): Promise<WebSite> {
  const site = await startWebSite((request, response) => {
    const { pathname } = new URL(request.url!, 'http://site');
    response.setHeader('cache-control', 'public, max-age=600');
    if (request.headers.origin !== undefined) {
      response.setHeader('access-control-allow-origin', request.headers.origin);
      response.setHeader('vary', 'origin');
    }
    switch (pathname) {
      case '/frame':
        response.setHeader('content-type', 'text/html');
        response.end(`<!doctype html><title>${title}</title><iframe src="/inside"></iframe>`);
        return;
      case '/moved':
        response.writeHead(302, { location: '/cart' }).end();
        return;
      case '/moved-whole':
        // As services do that write their own address from the request's.
        response.writeHead(302, { location: `http://${request.headers.host}/cart` }).end();
        return;
      case '/events':
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
        response.write(`data: ${title}\n\n`);
        return;
      case '/api':
        // It permits no header, and has not heard of preflights.
        if (request.method === 'GET') response.end(JSON.stringify({ title }));
        else response.writeHead(405).end();
        return;
      default:
        response.setHeader('content-type', 'text/html');
        response.end(
          `<!doctype html><title>${title}</title><h1>${title}</h1><a href="/.shunt/use/pr-1">Use pr-1</a> <a href="/.shunt">Previews</a>`,
        );
    }
  });
  site.server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${WEBSOCKET}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    // A final text frame of the server's: short, not masked.
    socket.write(Buffer.concat([Buffer.from([0x81, title.length]), Buffer.from(title)]));
    // Callers go away when they like.
    socket.on('error', () => {});
    socket.on('data', () => socket.end());
  });
  return site;
}

/** RFC 6455, 1.3. */
const WEBSOCKET = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
