/** The hosted engine where things go wrong: the real client, the real proxy, the real server, faults between them. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Engine, Progress } from '../engine/engine';
import { CheckpointError, InputError, InternalError, NetworkError } from '../engine/errors';
import { createHostedEngine, type HostedAccess } from '../engine/hosted';
import { type InpaintInput, inpaintRequestSchema, localOptionsSchema } from '../engine/schema';
import { createFalProxy, FAL_PROXY_PATH } from './falProxy';
import type { ServerOptions } from './server/options';
import {
  paintingEngine,
  patientEngine,
  post,
  required,
  startTestServer,
  type TestServer,
} from './server/server.testing';

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
  server?: Partial<ServerOptions>;
  painter?: Engine;
  /** The key that the proxy sends. */
  key?: string;
  /** Stands before the proxy; true where it answered itself. */
  fault?: (request: Parameters<RequestListener>[0], response: Parameters<RequestListener>[1]) => boolean;
}

async function setUp({ server: given, painter, key = KEY, fault }: Setting = {}) {
  const server: TestServer = await startTestServer(painter ? { engine: painter } : {}, {
    key: KEY,
    ...given,
  });
  closing.push(() => server.close());
  const proxy = createFalProxy({ key, upstream: server.url });
  const origin = await listen((request, response) => {
    if (!fault?.(request, response)) proxy(request, response);
  });
  const engine = createHostedEngine({
    access: () => ({ kind: 'proxy', url: origin + FAL_PROXY_PATH }),
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

  it('uploads a picture of 12 MB, byte for byte, and sends small ones inside the request', async () => {
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const received: string[] = [];
    const { engine, server } = await setUp({
      painter: paintingEngine(async ({ image_url, mask_url }) => {
        for (const each of [image_url, mask_url]) {
          if (each instanceof Blob) received.push(digest(new Uint8Array(await each.arrayBuffer())));
        }
      }),
    });
    const large = Uint8Array.from({ length: 12e6 }, (_, i) => (i * 31) % 251);
    const small = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
    await run(engine, { image_url: new Blob([large], { type: 'image/png' }), mask_url: new Blob([small]) });
    expect(received).toEqual([digest(large), digest(small)]);
    expect(server.lines.filter(({ route }) => route === 'upload')).toHaveLength(1);
  });

  it('says that the key was refused: 401', async () => {
    const { engine } = await setUp({ key: 'marker-key-that-is-wrong' });
    const error = await failure(run(engine));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ field: 'fal_key', message: expect.stringContaining('(401)') });
    expect(error.message).not.toContain('marker-key');
  });

  it('names the field that the server refuses: 422', async () => {
    const { engine } = await setUp({ server: { models: ['starter'] } });
    const error = await failure(run(engine, { model_name: 'a/b' }));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({
      field: 'model_name',
      message: 'model_name: this server paints with starter alone',
    });
  });

  it('waits for a place where the queue is full, and says so in the end: 429', {
    timeout: 30_000,
  }, async () => {
    const { engine: painter, hasStarted } = patientEngine();
    const { engine, server } = await setUp({ painter, server: { queueLimit: 0 } });
    void post(`${server.url}/fal-ai/inpaint`, required, { authorization: `Key ${KEY}` }).catch(() => {});
    await hasStarted;
    const error = await failure(run(engine));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toContain('(429)');
    expect(server.lines.filter(({ status }) => status === 429)).toHaveLength(4);
  });

  it.each<[number, Error, typeof NetworkError | typeof InputError, RegExp]>([
    [500, new InternalError('boom'), NetworkError, /answered 500: Internal server error.*request [\w-]{36}/],
    [422, new CheckpointError('unet: damaged'), InputError, /model_name: unet: damaged/],
  ])('explains a failed job whose result is %i, and stays usable', async (_status, thrown, kind, message) => {
    let failures = 1;
    const { engine } = await setUp({
      painter: paintingEngine(() => {
        if (failures-- > 0) throw thrown;
      }),
    });
    const error = await failure(run(engine));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(message);
    expect((await run(engine)).result.seed).toBe(42);
  });

  it('explains a gateway that gives up: 504', { timeout: 30_000 }, async () => {
    let attempts = 0;
    const { engine } = await setUp({
      fault: (_request, response) => {
        attempts++;
        response.writeHead(504, { 'X-Fal-Request-Id': 'id-504' }).end();
        return true;
      },
    });
    const error = await failure(run(engine));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toMatch(/\(504\).*id-504/);
    expect(attempts).toBe(4);
  });

  it('takes a lost connection up again in mid-poll', { timeout: 30_000 }, async () => {
    let polls = 0;
    const { engine, server } = await setUp({
      painter: paintingEngine(() => new Promise((resolve) => setTimeout(resolve, 200))),
      fault: (request, response) => {
        if (!String(request.headers['x-fal-target-url']).includes('/status')) return false;
        polls++;
        if (polls < 2 || polls > 3) return false;
        response.destroy();
        return true;
      },
    });
    expect((await run(engine)).result.seed).toBe(42);
    expect(polls).toBeGreaterThan(3);
    // It was the same run all along.
    expect(server.lines.filter(({ event }) => event === 'run')).toHaveLength(1);
  });

  it('cancels at the server, too: in progress', async () => {
    const { engine: painter, hasStarted } = patientEngine();
    const { engine, server } = await setUp({ painter });
    const controller = new AbortController();
    const running = failure(run(engine, {}, controller.signal));
    await hasStarted;
    controller.abort();
    expect(await running).toMatchObject({ name: 'AbortError' });
    await expect.poll(() => runOf(server)).toMatchObject({ outcome: 'cancelled' });
  });

  it('cancels at the server, too: in the queue', async () => {
    const { engine: painter, hasStarted, release } = patientEngine();
    const { engine, server } = await setUp({ painter });
    const first = run(engine);
    await hasStarted;
    const controller = new AbortController();
    const positions: number[] = [];
    const request = inpaintRequestSchema.parse(required);
    const second = failure(
      engine.inpaint(request, localOptionsSchema.parse({}), {
        signal: controller.signal,
        onProgress(progress) {
          if (progress.stage !== 'queue') return;
          positions.push(progress.position);
          controller.abort();
        },
      }),
    );
    expect(await second).toMatchObject({ name: 'AbortError' });
    expect(positions).toEqual([0]);
    expect(runOf(server)).toMatchObject({ outcome: 'cancelled', seconds: 0 });
    release();
    expect((await first).result.seed).toBe(42);
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
    expect(error.message).toBe('Hosted API: not allowed (403): you sent Key (the key).');
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
    expect((await failure(run(engine))).message).toMatch(/not as documented/);
  });
});
