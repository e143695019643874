/** The development server, which alone serves the harness page. */
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

export interface DevServer {
  /** Ends in a slash. */
  origin: string;
  close(): Promise<void>;
}

/** Starts on a free port. */
export async function startDevServer(): Promise<DevServer> {
  const server = await createServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    logLevel: 'error',
    // A cache of its own: another server may be running in this checkout.
    cacheDir: '.cache/vite-e2e',
    server: { port: 0, hmr: false, watch: null },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('the development server has no port');
  return { origin: `http://localhost:${address.port}/`, close: () => server.close() };
}
