/** The development server with the harness pages, for benchmarks and screenshots. Tests use e2e/harnessServer.ts. */
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

export interface DevServer {
  /** Ends in a slash. */
  origin: string;
  close(): Promise<void>;
}

/** @param port absent: any free one */
export async function startDevServer(port = 0): Promise<DevServer> {
  const server = await createServer({
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    logLevel: 'error',
    // A separate cache: another server may be running in this checkout.
    cacheDir: '.cache/vite-e2e',
    server: {
      port,
      strictPort: true,
      hmr: false,
      watch: null,
    },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('the development server has no port');
  return { origin: `http://localhost:${address.port}/`, close: () => server.close() };
}
