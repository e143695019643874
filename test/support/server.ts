/** For tests of the server: a running server with a fake engine, images, requests. */
import { readFileSync } from 'node:fs';
import type { Call, Engine } from '../../src/contract/engine';
import type { InpaintRequest } from '../../src/contract/schema';
import { type RunningServer, type ServerParts, startServer } from '../../src/node/server/listen';
import { createLog } from '../../src/node/server/log';
import { parseServerOptions, type ServerOptions } from '../../src/node/server/options';

const dataUri = (name: string) =>
  `data:image/png;base64,${readFileSync(`goldens/pictures/${name}`).toString('base64')}`;
export const picture = dataUri('input-64x64.png');
export const mask = dataUri('mask-64x64.png');

/** The bytes in a data URI such as {@link picture}. */
export const bytesOf = (uri: string) => Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');

/** The fields that every request needs. */
export const required = { model_name: 'starter', prompt: 'a cat', image_url: picture, mask_url: mask };

export interface TestServer extends RunningServer {
  /** The structured log's lines. */
  lines: Record<string, unknown>[];
}

export async function startTestServer(
  parts: Partial<ServerParts> = {},
  given: Partial<ServerOptions> = {},
): Promise<TestServer> {
  const defaults = parseServerOptions([], { PORT: '0' });
  if (defaults === 'help') throw new Error('no help was asked for');
  const lines: Record<string, unknown>[] = [];
  const log = createLog((line) => lines.push(JSON.parse(line)));
  const server = await startServer({ ...defaults, ...given }, { log, engine: paintingEngine(), ...parts });
  return { ...server, lines };
}

/** Returns the image that it was sent. @param work runs first; reports two steps by default */
export function paintingEngine(
  work: (request: InpaintRequest, call: Call) => Promise<void> | void = twoSteps,
): Engine {
  return {
    async inpaint(request, _options, call) {
      call.signal.throwIfAborted();
      await work(request, call);
      call.signal.throwIfAborted();
      const source = request.image_url;
      if (!(source instanceof Blob)) throw new Error('the server hands files over');
      const file = new Blob([source], { type: 'image/png' });
      const about = { content_type: 'image/png', file_name: 'x.png', width: 64, height: 64 };
      return {
        image: { ...about, url: URL.createObjectURL(file), file_size: file.size },
        seed: request.seed ?? 42,
      };
    },
    async dispose() {},
  };
}

export function twoSteps(_request: InpaintRequest, { onProgress }: Call): void {
  onProgress({ stage: 'encode' });
  for (let step = 0; step <= 2; step++) onProgress({ stage: 'denoise', step, steps: 2 });
  onProgress({ stage: 'decode' });
}

/** An engine that runs until it is released or cancelled. */
export function patientEngine() {
  let release = () => {};
  let started = () => {};
  const hasStarted = new Promise<void>((resolve) => {
    started = resolve;
  });
  const engine = paintingEngine(async (_request, { signal }) => {
    started();
    await new Promise<void>((resolve, reject) => {
      release = resolve;
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  });
  return { engine, hasStarted, release: () => release() };
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
