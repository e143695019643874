/** Assembles the server and makes it listen. */
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
  /** Without a slash at the end. */
  url: string;
  /**
   * Takes no more requests, answers the waiting ones and lets the current run end; then closes every connection.
   * @param graceMs after which the current run is cancelled
   */
  close(graceMs?: number): Promise<void>;
}

export interface ServerParts {
  log: Log;
  /** Runs requests instead of the pipeline. */
  engine?: Engine & Partial<Pick<PaintEngine, 'residentBytes'>>;
  /** Fetches images instead of the guarded fetch. */
  fetchPicture?: typeof fetch;
  /** Limit for arriving and waiting requests and uploads, instead of the server's own. */
  intakeBytes?: number;
}

const PICTURE_TIMEOUT_MS = 30_000;
/** For all stored images together; the oldest are removed first. */
const MAX_HELD_BYTES = 512e6;
/** Time for answers that are being sent when the server closes. */
const LAST_ANSWERS_MS = 1000;

/** Limits of connections and headers; docs/limits.md has the reasons. */
const connectionLimits = {
  headersTimeout: 20_000,
  requestTimeout: 120_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
};
const MAX_HEADERS = 100;
const MAX_CONNECTIONS = 4096;

/** @throws Error, with advice, if the port is in use; if the results folder cannot be created */
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
        // Connections become idle one by one, as their answers are sent.
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
