/**
 * The hosted engine in Chromium, without the page: the real client, the real proxy, the real server, faults between them;
 * and the contract of every engine, there and for this machine's own.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import type { Page } from '@playwright/test';
import type { Engine } from '../src/contract/engine';
import { CheckpointError, InternalError } from '../src/contract/errors';
import { createFalProxy } from '../src/node/page/falProxy';
import type { ServerOptions } from '../src/node/server/options';
import { createPaintEngine } from '../src/node/server/painting/paintEngine';
import { isolation } from '../src/sw/pageHeaders';
import { contractCases } from '../test/support/engineContract';
import { HARNESS_FOLDER, harnessPage } from '../test/support/pages/harness';
import { type StaticServer, serveFolder } from '../test/support/pages/serveFolder';
import { type StaticHost, startStaticHost } from '../test/support/pages/staticHost';
import { expect, test } from '../test/support/pages/test';
import {
  paintingEngine,
  patientEngine,
  post,
  required,
  startTestServer,
  type TestServer,
} from '../test/support/server';
import type { ContractGiven } from './harness/contract';
import type { HostedGiven } from './harness/hosted';

const KEY = 'marker-key-of-the-server-0123456789';
const authorization = { authorization: `Key ${KEY}` };
const handlers = new Map<string, RequestListener>();
const servers: TestServer[] = [];
let pages: StaticHost;
let models: StaticServer;
test.beforeAll(async () => {
  pages = await startStaticHost(HARNESS_FOLDER, '/', { handlers, headers: isolation });
  models = await serveFolder('goldens');
});
test.afterAll(async () => {
  await pages.close();
  await models.close();
});
test.afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

interface Setting {
  server?: Partial<ServerOptions>;
  painter?: Engine;
  /** The key that the proxy sends. */
  key?: string;
  /** Stands before the proxy; true where it answered itself. */
  fault?: (...parameters: Parameters<RequestListener>) => boolean;
}

/** A server of its own with its proxy. @returns both, and the path at which the page finds the proxy */
async function setUp({ server: options, painter, key = KEY, fault }: Setting = {}) {
  const server = await startTestServer(painter ? { engine: painter } : {}, { key: KEY, ...options });
  servers.push(server);
  const proxy = createFalProxy({ key, upstream: server.url });
  const url = `/proxy-${servers.length}/api/fal`;
  handlers.set(url, (request, response) => {
    if (!fault?.(request, response)) proxy(request, response);
  });
  return { server, url };
}

async function open(page: Page) {
  await page.goto(harnessPage('hosted.html', pages.url));
  await page.waitForFunction(() => window.hostedHarness !== undefined);
  return async ({ url, pictureBytes = 1000, cancelAt }: Partial<HostedGiven> & { url: string }) => {
    const given: HostedGiven = { url, pictureBytes, ...(cancelAt && { cancelAt }) };
    const outcome = await page.evaluate((each) => window.hostedHarness?.run(each), given);
    if (!outcome) throw new Error('the page has no harness');
    return outcome;
  };
}

const runsOf = ({ lines }: TestServer) => lines.filter(({ event }) => event === 'run');
const targetOf = (request: Parameters<RequestListener>[0]) => String(request.headers['x-fal-target-url']);

test('success: the picture of 12 MB arrives byte for byte, steps, result, x-fal-request-id', async ({
  page,
}) => {
  const run = await open(page);
  let received = '';
  const painter = paintingEngine(async ({ image_url }, { onProgress }) => {
    if (image_url instanceof Blob) {
      received = createHash('sha256')
        .update(new Uint8Array(await image_url.arrayBuffer()))
        .digest('hex');
    }
    for (let step = 0; step <= 3; step++) onProgress({ stage: 'denoise', step, steps: 3 });
  });
  const { server, url } = await setUp({ painter });
  const outcome = await run({ url, pictureBytes: 12e6 });
  expect(outcome.error).toBeUndefined();
  const sent = Uint8Array.from({ length: 12e6 }, (_, i) => (i * 31) % 251);
  expect(received).toBe(createHash('sha256').update(sent).digest('hex'));
  expect(outcome.result).toMatchObject({
    ...{ seed: 5, bytes: 12e6, requestId: runsOf(server)[0]?.request_id },
    image: { url: expect.stringMatching(/^blob:/) },
  });
  expect(outcome.progress).toContainEqual({ stage: 'denoise', step: 3, steps: 3 });
  expect(
    server.lines.filter(({ route, status }) => route === 'receiveUpload' && status === 200),
  ).toHaveLength(1);
});

test('401 and 422 name the field; a failed job says why; each time the next run succeeds', async ({
  page,
}) => {
  const run = await open(page);
  const wrongKey = await setUp({ key: 'marker-key-that-is-wrong' });
  const { error: refused } = await run(wrongKey);
  expect(refused).toMatchObject({ name: 'InputError', field: 'fal_key' });
  expect(refused?.message).toMatch(/\(401\)/);
  expect(refused?.message).not.toContain('marker-key');

  const oneModel = await setUp({ server: { models: ['starter'] } });
  expect((await run(oneModel)).error).toEqual({
    ...{ name: 'InputError', field: 'model_name', mayNeedToken: false },
    message: 'model_name: this server offers only starter',
  });

  const failures = [new CheckpointError('unet: damaged'), new InternalError('boom')];
  const failing = await setUp({
    painter: paintingEngine(() => {
      const failure = failures.shift();
      if (failure) throw failure;
    }),
  });
  const { error: damaged } = await run(failing);
  expect(damaged).toMatchObject({ name: 'InputError', field: 'model_name' });
  expect(damaged?.message).toContain('unet: damaged');
  const { error: broken } = await run(failing);
  expect(broken?.name).toBe('NetworkError');
  expect(broken?.message).toMatch(/answered 500: Internal server error.*request [\w-]{36}/);
  expect((await run(failing)).result?.seed).toBe(5);
});

test('429 and 504 are tried again, then explained', async ({ page }) => {
  const run = await open(page);
  const { engine: painter, hasStarted, release } = patientEngine();
  const full = await setUp({ painter, server: { queueLimit: 0 } });
  const inTheWay = post(`${full.server.url}/fal-ai/inpaint`, required, authorization);
  await hasStarted;
  let attempts = 0;
  const gateway = await setUp({
    fault: (_request, response) => {
      attempts++;
      response.writeHead(504, { 'X-Fal-Request-Id': 'id-504' }).end();
      return true;
    },
  });
  const [tooMany, tooLong] = await Promise.all([run(full), run(gateway)]);
  expect(tooMany.error?.name).toBe('NetworkError');
  expect(tooMany.error?.message).toContain('(429)');
  expect(full.server.lines.filter(({ status }) => status === 429)).toHaveLength(4);
  expect(tooLong.error?.name).toBe('NetworkError');
  expect(tooLong.error?.message).toMatch(/\(504\).*id-504/);
  expect(attempts).toBe(4);
  release();
  expect((await inTheWay).status).toBe(200);
});

test('a connection lost in mid-poll is taken up again, by the same run', async ({ page }) => {
  const run = await open(page);
  const { engine: painter, release } = patientEngine();
  let polls = 0;
  const { server, url } = await setUp({
    painter,
    fault: (request, response) => {
      if (!targetOf(request).includes('/status')) return false;
      polls++;
      if (polls === 4) release();
      if (polls < 2 || polls > 3) return false;
      response.destroy();
      return true;
    },
  });
  expect((await run({ url })).result?.seed).toBe(5);
  expect(polls).toBeGreaterThan(3);
  expect(runsOf(server)).toHaveLength(1);
});

test('cancelled in progress and in the queue, at the server, too', async ({ page }) => {
  const run = await open(page);
  const painting = await setUp({
    painter: paintingEngine(async (_request, { onProgress, signal }) => {
      onProgress({ stage: 'denoise', step: 0, steps: 3 });
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }),
  });
  expect((await run({ ...painting, cancelAt: 'denoise' })).error?.name).toBe('AbortError');
  await expect.poll(() => runsOf(painting.server)).toMatchObject([{ outcome: 'cancelled' }]);

  const { engine: painter, hasStarted, release } = patientEngine();
  const waiting = await setUp({ painter });
  const inTheWay = post(`${waiting.server.url}/fal-ai/inpaint`, required, authorization);
  await hasStarted;
  const outcome = await run({ ...waiting, cancelAt: 'queue' });
  expect(outcome.error?.name).toBe('AbortError');
  expect(outcome.progress.at(-1)).toEqual({ stage: 'queue', position: 0 });
  await expect.poll(() => runsOf(waiting.server)).toMatchObject([{ outcome: 'cancelled', seconds: 0 }]);
  release();
  expect((await inTheWay).status).toBe(200);
});

const dataUri = (name: string) =>
  `data:image/png;base64,${readFileSync(`goldens/pictures/${name}`).toString('base64')}`;

// No hub: an id that leads nowhere must fail, not be fetched.
const hubUrl = 'http://127.0.0.1:1';
const subjects: Record<string, () => Promise<Pick<ContractGiven, 'engine' | 'modelName'>>> = {
  'this machine’s engine': async () => ({
    engine: { kind: 'local', hubUrl },
    modelName: `${models.origin}models/sd15-inpaint/`,
  }),
  'the hosted API, through client, proxy and server': async () => {
    const paint = { threads: 1, folders: { 'tiny/inpainting': 'goldens/models/sd15-inpaint' }, hubUrl };
    const painter = createPaintEngine({ paint, network: { allowPrivate: false } });
    const { url } = await setUp({ painter });
    return { engine: { kind: 'hosted', url }, modelName: 'tiny/inpainting' };
  },
};
for (const [name, start] of Object.entries(subjects)) {
  test(`the contract of every engine: ${name}`, async ({ page }) => {
    const given: ContractGiven = {
      ...(await start()),
      picture: dataUri('input-64x64.png'),
      mask: dataUri('mask-64x64.png'),
      otherMask: dataUri('mask-72x88.png'),
    };
    await page.goto(harnessPage('contract.html', pages.url));
    await page.waitForFunction(() => window.contractHarness !== undefined);
    const check = await page.evaluateHandle((each) => window.contractHarness?.open(each), given);
    for (const each of contractCases) {
      await test.step(each.name, async () => {
        const broken = await check.evaluate((run, wanted) => run?.(wanted), each.name);
        expect(broken, each.name).toBeNull();
      });
    }
  });
}
