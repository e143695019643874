/** A static file host: serves a folder below a path, lets browsers cache for a year, sends no headers unless given some. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.jpg': 'image/jpeg',
  '.mjs': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

export interface StaticHost {
  /** URL of the folder; ends in a slash. */
  url: string;
  /** Replaces the folder, at once. */
  publish(folder: string): void;
  close(): Promise<void>;
}

interface HostOptions {
  /** Absent: any free one. */
  port?: number;
  /** Sent with every file. */
  headers?: Readonly<Record<string, string>>;
  /** Handlers for single paths; read at each request. */
  handlers?: ReadonlyMap<string, RequestListener>;
}

/** @param path begins and ends with a slash */
export async function startStaticHost(
  folder: string,
  path: string,
  { port = 0, headers = {}, handlers }: HostOptions = {},
): Promise<StaticHost> {
  let published = folder;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const handler = handlers?.get(pathname);
    if (handler) {
      handler(request, response);
      return;
    }
    const inside = pathname.startsWith(path) ? normalize(pathname.slice(path.length) || 'index.html') : '..';
    const file = join(published, inside);
    const found = inside.startsWith('..') ? undefined : await stat(file).catch(() => undefined);
    if (!found?.isFile()) {
      response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not found</h1>');
      return;
    }
    response.writeHead(200, {
      ...headers,
      'Content-Length': found.size,
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Cache-Control': 'max-age=31536000',
    });
    // A page that is being closed may request a file that is being deleted.
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, 'localhost', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the host has no port');
  return {
    url: `http://localhost:${address.port}${path}`,
    publish(next) {
      published = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
