/** Serves a folder of the checkout from another origin with CORS, as a host of model files would. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

export interface StaticServer {
  /** Ends in a slash. */
  origin: string;
  close(): Promise<void>;
}

/** @param folder e.g. `goldens/models` */
export async function serveFolder(folder: string): Promise<StaticServer> {
  const server = createServer(async (request, response) => {
    const path = join(folder, normalize(new URL(request.url ?? '/', 'http://localhost').pathname));
    const found = await stat(path).catch(() => undefined);
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (found?.isFile()) {
      response.writeHead(200, { 'Content-Length': found.size, 'Content-Type': 'application/octet-stream' });
      createReadStream(path).pipe(response);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    origin: `http://127.0.0.1:${address.port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
