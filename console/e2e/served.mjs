// The console of `dist/` in front of a server that is running, with the policy that the server sends: to look at a console that
// is not in the program yet. Everything that is no file of it goes to the server, also the socket of the feed.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const API = /^\/(v1|readyz|healthz|problems|openapi\.json|docs|connect|hooks|metrics)(\/|\?|$)/;

const kept = new Map();
/** A file as the server would send it. */
function packed(file) {
  if (!kept.has(file)) kept.set(file, gzipSync(readFileSync(file)));
  return kept.get(file);
}

/** Gives the address, and what ends it. */
export async function serveDist(dist, target) {
  const { hostname, port } = new URL(target);
  const policy = (await fetch(target)).headers.get('content-security-policy');
  const server = createServer((incoming, answer) => {
    const { pathname } = new URL(incoming.url, target);
    if (API.test(incoming.url)) {
      const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (got) => {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      incoming.pipe(onward);
      return;
    }
    const file = join(dist, normalize(pathname));
    const found = file.startsWith(dist) && existsSync(file) && statSync(file).isFile() ? file : join(dist, 'index.html');
    answer.writeHead(200, {
      'content-type': TYPES[extname(found)] ?? 'application/octet-stream',
      'content-encoding': 'gzip',
      ...(policy && { 'content-security-policy': policy }),
    });
    answer.end(packed(found));
  });
  server.on('upgrade', (incoming, socket, head) => {
    const onward = connect(Number(port), hostname, () => {
      const headers = incoming.rawHeaders.reduce((text, each, place) => text + each + (place % 2 === 0 ? ': ' : '\r\n'), '');
      onward.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers}\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
