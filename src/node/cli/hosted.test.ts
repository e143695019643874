/**
 * The hosted engine with the real client, the real proxy and the real server: what can be tested without a browser. In
 * Chromium e2e/hostedEngine.spec.ts runs it through everything that may go wrong.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  paintingEngine,
  patientEngine,
  required,
  startTestServer,
  type TestServer,
} from '../../../test/support/server';
import type { Engine, HostedAccess, Progress } from '../../contract/engine';
import { type InpaintInput, inpaintRequestSchema, localOptionsSchema } from '../../contract/schema';
import { createHostedEngine, serverOutOfReach } from '../../engine/hosted';
import { createFalProxy } from '../page/falProxy';
import { PROXY_PATH } from '../server/paths';

const KEY = 'marker-key-of-a-person';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Setting {
  painter?: Engine;
  /** Runs before the proxy; true if it answered the request itself. */
  fault?: (request: Parameters<RequestListener>[0], response: Parameters<RequestListener>[1]) => boolean;
}

async function setUp({ painter, fault }: Setting = {}) {
  const server: TestServer = await startTestServer(painter ? { engine: painter } : {}, { key: KEY });
  closing.push(() => server.close());
  const proxy = createFalProxy({ key: KEY, upstream: server.url });
  const origin = await listen((request, response) => {
    if (!fault?.(request, response)) proxy(request, response);
  });
  const engine = createHostedEngine({
    access: () => ({ kind: 'proxy', url: origin + PROXY_PATH }),
    pollMs: 20,
    reconnectMs: 20,
    fetch: (address, init) => {
      const headers = new Headers(init?.headers);
      headers.set('sec-fetch-site', 'same-origin');
      return fetch(address, { ...init, headers });
    },
  });
  return { server, engine };
}

async function run(engine: Engine, given: Partial<InpaintInput> = {}, signal = new AbortController().signal) {
  const progress: Progress[] = [];
  const request = inpaintRequestSchema.parse({ ...required, ...given });
  const result = await engine.inpaint(request, localOptionsSchema.parse({}), {
    signal,
    onProgress: (each) => progress.push(each),
  });
  return { result, progress };
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: Error) => error,
  );
const runOf = ({ lines }: TestServer) => lines.find(({ event }) => event === 'run');

describe('the hosted engine', () => {
  it('reports sending, position, log lines and steps, each once, and the request’s id', async () => {
    const { engine, server } = await setUp({
      painter: paintingEngine(async (_request, { onProgress }) => {
        onProgress({ stage: 'compile', component: 'unet' });
        for (let step = 0; step <= 3; step++) {
          onProgress({ stage: 'denoise', step, steps: 3 });
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
      }),
    });
    const { result, progress } = await run(engine);
    expect(progress[0]).toEqual({ stage: 'upload' });
    expect(progress.filter(({ stage }) => stage === 'log')).toEqual([
      { stage: 'log', message: 'Preparing unet' },
    ]);
    expect(progress.filter(({ stage }) => stage === 'denoise')).toEqual(
      [0, 1, 2, 3].map((step) => ({ stage: 'denoise', step, steps: 3 })),
    );
    expect(result.requestId).toBe(runOf(server)?.request_id);
  });

  it('cancels what was being submitted', async () => {
    const { engine: painter } = patientEngine();
    let submitting = () => {};
    const isSubmitting = new Promise<void>((resolve) => {
      submitting = resolve;
    });
    const { engine, server } = await setUp({
      painter,
      fault: (request) => {
        if (request.method === 'POST') submitting();
        return false;
      },
    });
    const controller = new AbortController();
    const running = failure(run(engine, {}, controller.signal));
    await isSubmitting;
    controller.abort();
    expect(await running).toMatchObject({ name: 'AbortError' });
    await expect.poll(() => runOf(server)).toMatchObject({ outcome: 'cancelled' });
  });

  it('never shows a person’s own key, even where a server repeats it', async () => {
    const access: HostedAccess = { kind: 'key', key: KEY };
    const engine = createHostedEngine({
      access: () => access,
      fetch: async (_address, init) => {
        const authorization = new Headers(init?.headers).get('authorization');
        return Response.json({ detail: `you sent ${authorization}` }, { status: 403 });
      },
    });
    const error = await failure(run(engine));
    expect(error.message).toBe(
      'Hosted API: not allowed (403): you sent Key (the key). Check your key and balance at fal.ai.',
    );
    expect(`${error.stack}`).not.toContain(KEY);
  });

  it('refuses an answer that is not as documented, and one without a picture', async () => {
    const { engine } = await setUp({
      fault: (request, response) => {
        if (!/requests\/[\w-]+$/.test(String(request.headers['x-fal-target-url']))) return false;
        response.setHeader('Content-Type', 'application/json');
        response.end('{"images":[]}');
        return true;
      },
    });
    expect((await failure(run(engine))).message).toMatch(/an unexpected answer/);
  });
});

describe('a server of one’s own', () => {
  const engineTo = (url: string, key?: string) =>
    createHostedEngine({
      access: () => ({ kind: 'server', url, ...(key !== undefined && { key }) }),
      pollMs: 20,
      reconnectMs: 20,
    });

  it('is spoken to as the hosted API is, large pictures too, and cancels', async () => {
    const server = await startTestServer({}, { key: KEY });
    closing.push(() => server.close());
    const engine = engineTo(server.url, KEY);
    const { result, progress } = await run(engine);
    expect(result).toMatchObject({ seed: 42, requestId: runOf(server)?.request_id });
    expect(progress.filter(({ stage }) => stage === 'denoise')).toHaveLength(3);

    // Too large for a request: uploaded, to that server and not to the host's store.
    const small = new Uint8Array(await (await fetch(required.image_url)).arrayBuffer());
    const large = new Uint8Array(5_000_000);
    large.set(small);
    const uploaded = await run(engine, { image_url: new Blob([large], { type: 'image/png' }) as never });
    expect(uploaded.result.image.file_size).toBe(5_000_000);
  });

  it('says that a key is wrong, and never which', async () => {
    const server = await startTestServer({}, { key: KEY });
    closing.push(() => server.close());
    const error = await failure(run(engineTo(server.url, 'marker-of-another'), {}));
    expect(error).toMatchObject({ name: 'InputError', field: 'fal_key' });
    expect(error.message).toMatch(
      `Your server ${server.url}: the key is missing or wrong (401). Enter the key that the server was started with (INLAY_KEY).`,
    );
    expect(error.message).not.toContain('marker-of-another');
  });

  it('that is off is told as such', async () => {
    const server = await startTestServer();
    await server.close();
    const error = await failure(run(engineTo(server.url)));
    expect(error.name).toBe('NetworkError');
    expect(error.message).toBe(
      `Your server ${server.url} can’t be reached. Start it with npm run serve, and check that the URL is the one it prints.`,
    );
  });

  it('that cannot be asked is told with the option that helps', async () => {
    const answers: typeof fetch = async () => new Response(null);
    const isOff: typeof fetch = async () => {
      throw new TypeError('Failed to fetch');
    };
    const page = 'https://inlay.example';
    expect(await serverOutOfReach('http://127.0.0.1:8199', answers, page)).toBe(
      'Your server http://127.0.0.1:8199 refuses this page (403). Start it with npm run serve -- --allow-origin https://inlay.example',
    );
    expect(await serverOutOfReach('http://127.0.0.1:8199', isOff, page)).toMatch(
      /can’t be reached\. Start it with npm run serve -- --allow-origin https:\/\/inlay\.example, .*the browser asks/,
    );
    expect(await serverOutOfReach('http://127.0.0.1:8199', isOff, 'http://localhost:4173')).toMatch(
      /can’t be reached\. Start it with npm run serve, and check/,
    );
    expect(await serverOutOfReach('http://10.0.0.2:8199', answers, page)).toMatch(
      /\(mixed content\).*--public-url/,
    );
    expect(await serverOutOfReach('http://10.0.0.2:8199', answers, 'http://localhost:4173')).toMatch(
      /--allow-origin http:\/\/localhost:4173\..*VITE_CONNECT=http:\/\/10\.0\.0\.2:8199/,
    );
  });
});
