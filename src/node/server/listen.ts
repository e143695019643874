/** Puts the server together and makes it listen. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from '../../contract/engine';
import { listenReason } from '../systemError';
import { createApp } from './app';
import { type FileStoreOptions, folderFileStore, memoryFileStore } from './files';
import { createGuardedFetch } from './http/guardedFetch';
import type { Log } from './log';
import type { ServerOptions } from './options';
import { createPaintEngine, type PaintEngine } from './painting/paintEngine';

export interface RunningServer {
  /** Without a slash at its end. */
  url: string;
  /**
   * Takes nothing more; what waits is told so, what runs may end first. Then every connection is closed.
   * @param graceMs how long it may take to end; it is cancelled then
   */
  close(graceMs?: number): Promise<void>;
}

export interface ServerParts {
  log: Log;
  /** Paints in place of the pipeline. */
  engine?: Engine & Partial<Pick<PaintEngine, 'residentBytes'>>;
  /** Fetches pictures in place of the guarded one. */
  fetchPicture?: typeof fetch;
  /** Of requests and uploads under way, in place of the server's own limit. */
  intakeBytes?: number;
}

const PICTURE_TIMEOUT_MS = 30_000;
/** All pictures held together; the oldest go first. */
const MAX_HELD_BYTES = 512e6;
/** For answers that are on their way when the server closes. */
const LAST_ANSWERS_MS = 1000;

/** Of connections and of what they send before a body is looked at; docs/limits.md has the reasons. */
const connectionLimits = {
  headersTimeout: 20_000,
  requestTimeout: 120_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
};
const MAX_HEADERS = 100;
const MAX_CONNECTIONS = 4096;

/** @throws Error with what to do where the port is taken; where the folder of results cannot be made */
export async function startServer(options: ServerOptions, parts: ServerParts): Promise<RunningServer> {
  const { keepMs, allowPrivate, threads, folders, hubUrl, hubToken } = options;
  const limits: FileStoreOptions = { keepMs, maxBytes: MAX_HELD_BYTES };
  const files =
    options.resultsFolder === undefined
      ? memoryFileStore(limits)
      : await folderFileStore(options.resultsFolder, limits);
  const engine =
    parts.engine ??
    createPaintEngine({ paint: { threads, folders, hubUrl, hubToken }, network: { allowPrivate } });
  const app = createApp({
    ...options,
    ...parts,
    engine,
    ...(engine.residentBytes && { paintingBytes: engine.residentBytes }),
    files,
    fetchPicture: parts.fetchPicture ?? createGuardedFetch({ allowPrivate }),
    pictureTimeoutMs: PICTURE_TIMEOUT_MS,
  });
  const server = createServer(connectionLimits, app.handle);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await listen(server, options);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    async close(graceMs) {
      await app.close(graceMs);
      await engine.dispose();
      await new Promise<void>((resolve) => {
        const last = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
        // Connections become idle one by one, once their answers are out.
        const idle = setInterval(() => server.closeIdleConnections(), 20);
        server.close(() => {
          clearTimeout(last);
          clearInterval(idle);
          resolve();
        });
      });
    },
  };
}

function listen(server: Server, { port, host }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(listenReason(error, port, host))));
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
