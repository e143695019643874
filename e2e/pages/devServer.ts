/** The development server, which alone serves the harness page. */
import type { RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

export interface DevServer {
  /** Ends in a slash. */
  origin: string;
  close(): Promise<void>;
}

/**
 * @param handlers what answers paths of its own, by path; read at each request
 * @param port absent: any free one
 */
export async function startDevServer(
  handlers: ReadonlyMap<string, RequestListener> = new Map(),
  port = 0,
): Promise<DevServer> {
  const server = await createServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    logLevel: 'error',
    // A cache of its own: another server may be running in this checkout.
    cacheDir: '.cache/vite-e2e',
    server: {
      port,
      strictPort: true,
      hmr: false,
      watch: null,
      // Its files stay as they are: a context that opens the page again need not ask for each module.
      headers: { 'Cache-Control': 'max-age=3600' },
    },
    plugins: [
      {
        name: 'handlers of a test',
        configureServer({ middlewares }) {
          middlewares.use((request, response, next) => {
            const handler = handlers.get(new URL(request.url ?? '/', 'http://localhost').pathname);
            if (handler) handler(request, response);
            else next();
          });
        },
      },
    ],
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('the development server has no port');
  return { origin: `http://localhost:${address.port}/`, close: () => server.close() };
}
