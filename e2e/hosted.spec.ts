/** The hosted API in a browser: the real client, this page's proxy, and a server that speaks the API. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { CheckpointError } from '../src/engine/errors';
import {
  paintingEngine,
  patientEngine,
  post,
  required,
  startTestServer,
  type TestServer,
} from '../src/node/server/server.testing';
import type { HostedHarness } from './harness/hosted';
import { type DevServer, startDevServer } from './pages/devServer';
import { EditorPage } from './pages/editorPage';
import { serveFolder } from './static';

const KEY = 'marker-key-of-the-server-0123456789';
const OWN_KEY = 'marker-key-of-a-person-9876543210';
type Painter = ReturnType<typeof paintingEngine>;

let api: TestServer;
let pages: DevServer;
/** What the server paints with, chosen by each test. */
let painter: Painter;
const usual = paintingEngine(async (_request, { onProgress, signal }) => {
  for (let step = 0; step <= 3; step++) {
    onProgress({ stage: 'denoise', step, steps: 3 });
    await new Promise((resolve) => setTimeout(resolve, 40));
    signal.throwIfAborted();
  }
});

test.beforeAll(async () => {
  const engine: Painter = { inpaint: (...call) => painter.inpaint(...call), dispose: async () => {} };
  api = await startTestServer({ engine }, { key: KEY, queueLimit: 2 });
  // What `FAL_KEY=… npm run dev` does.
  process.env.FAL_KEY = KEY;
  process.env.INLAY_FAL_URL = api.url;
  pages = await startDevServer();
});
test.afterAll(async () => {
  delete process.env.FAL_KEY;
  delete process.env.INLAY_FAL_URL;
  await pages.close();
  await api.close();
});
test.beforeEach(() => {
  painter = usual;
});

async function open(page: Page) {
  await page.goto(`${pages.origin}e2e/harness/hosted.html`);
  await page.waitForFunction(() => window.hostedHarness !== undefined);
  return (given: Parameters<HostedHarness['run']>[0] = { pictureBytes: 1000 }) =>
    page.evaluate((each) => window.hostedHarness?.run(each), given);
}
const runs = () => api.lines.filter(({ event }) => event === 'run');

test('success: steps, result, request id; 12 MB are uploaded', async ({ page }) => {
  const run = await open(page);
  const outcome = await run({ pictureBytes: 12e6 });
  expect(outcome?.error).toBeUndefined();
  expect(outcome?.result).toMatchObject({ seed: 5, bytes: 12e6, requestId: runs().at(-1)?.request_id });
  expect(outcome?.result?.image.url).toMatch(/^blob:/);
  expect(outcome?.progress).toContainEqual({ stage: 'denoise', step: 3, steps: 3 });
  expect(api.lines.filter(({ route, status }) => route === 'upload' && status === 200)).toHaveLength(1);
});

test('401, 422, 500, 429 and 504 are explained, and the next run succeeds', async ({ page }) => {
  const run = await open(page);
  const answer = (status: number, body: unknown) =>
    page.route('**/api/fal', (route) =>
      route.fulfill({ status, json: body, headers: { 'x-fal-request-id': `id-${status}` } }),
    );
  const expected: [number, unknown, Record<string, unknown>][] = [
    [
      401,
      { detail: 'Unauthorized' },
      { name: 'InputError', field: 'fal_key', message: expect.stringContaining('(401)') },
    ],
    [
      422,
      { detail: [{ loc: ['body', 'prompt'], msg: 'too long', type: 'x' }] },
      { name: 'InputError', field: 'prompt', message: expect.stringContaining('prompt: too long') },
    ],
    [500, { detail: 'boom' }, { name: 'NetworkError', message: expect.stringMatching(/500: boom.*id-500/) }],
    [429, { detail: 'later' }, { name: 'NetworkError', message: expect.stringContaining('(429)') }],
    [504, { detail: 'late' }, { name: 'NetworkError', message: expect.stringContaining('(504)') }],
  ];
  for (const [status, body, error] of expected) {
    await answer(status, body);
    expect((await run())?.error, String(status)).toMatchObject(error);
    await page.unroute('**/api/fal');
  }
  expect((await run())?.result?.seed).toBe(5);
});

test('a failed job, and the queue’s own refusals, from the server itself', async ({ page }) => {
  const run = await open(page);
  painter = paintingEngine(() => {
    throw new CheckpointError('unet: damaged');
  });
  expect((await run())?.error).toMatchObject({
    field: 'model_name',
    message: expect.stringContaining('unet: damaged'),
  });
  const waiting = patientEngine();
  painter = waiting.engine;
  const fill = [0, 1, 2].map(() =>
    post(`${api.url}/queue/fal-ai/inpaint`, required, { authorization: `Key ${KEY}` }),
  );
  const queued = await Promise.all((await Promise.all(fill)).map((response) => response.json()));
  expect((await run())?.error?.message).toContain('(429)');
  for (const { cancel_url } of queued) {
    await fetch(cancel_url, { method: 'PUT', headers: { authorization: `Key ${KEY}` } });
  }
});

test('a connection lost in mid-poll is taken up again', async ({ page }) => {
  const run = await open(page);
  let lost = 0;
  await page.route('**/api/fal', (route) => {
    const isPoll = route.request().headers()['x-fal-target-url']?.includes('/status');
    return isPoll && lost++ < 3 ? route.abort('connectionreset') : route.continue();
  });
  const before = runs().length;
  expect((await run())?.result?.seed).toBe(5);
  expect(lost).toBeGreaterThan(3);
  expect(runs()).toHaveLength(before + 1);
});

test('cancelled in progress and in the queue, also at the server', async ({ page }) => {
  const run = await open(page);
  expect((await run({ pictureBytes: 10, cancelAt: 'denoise' }))?.error?.name).toBe('AbortError');
  await expect.poll(() => runs().at(-1)).toMatchObject({ outcome: 'cancelled' });
  const waiting = patientEngine();
  painter = waiting.engine;
  await post(`${api.url}/queue/fal-ai/inpaint`, required, { authorization: `Key ${KEY}` });
  await waiting.hasStarted;
  expect((await run({ pictureBytes: 10, cancelAt: 'queue' }))?.error?.name).toBe('AbortError');
  await expect.poll(() => runs().at(-1)).toMatchObject({ outcome: 'cancelled', seconds: 0 });
  waiting.release();
});

test('the page: the switch, a key of one’s own, consent, and no key anywhere else', async ({
  page,
}, testInfo) => {
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('request', (request) => said.push(request.url()));
  const editor = new EditorPage(page);
  await editor.open(pages.origin);
  const hosted = page.getByRole('switch', { name: 'Hosted API' });
  await expect(hosted).not.toBeChecked();

  // A checkpoint that cannot be run here: nothing is sent without an answer.
  const folder = testInfo.outputPath('models');
  cpSync('goldens/models/sd15-inpaint', join(folder, 'foreign'), { recursive: true });
  writeFileSync(join(folder, 'foreign/model_index.json'), '{"_class_name":"FluxPipeline"}');
  const models = await serveFolder(folder);
  await editor.model.fill(`${models.origin}foreign`);
  const before = runs().length;
  await editor.generate.click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('this is Flux, which is not supported', { timeout: 120_000 });
  await question.getByRole('button', { name: 'Do not send' }).click();
  await expect(question).toBeHidden();
  expect(runs()).toHaveLength(before);
  await editor.generate.click();
  await question.getByRole('button', { name: 'Send once' }).click({ timeout: 120_000 });
  await expect(editor.result).toBeVisible();
  expect(runs()).toHaveLength(before + 1);
  await models.close();

  // The switch: every run goes there, through the proxy, with the server's key.
  await hosted.click();
  await editor.model.fill('owner/name');
  await editor.run(30_000);
  expect(runs()).toHaveLength(before + 2);

  // A key of one's own: masked, in memory, kept only on request, removable.
  const field = page.getByLabel(/^Key of/);
  await field.fill(OWN_KEY);
  await page.getByRole('button', { name: 'Use key' }).click();
  await expect(page.getByText('••••3210')).toBeVisible();
  const storage = () =>
    page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  expect(await storage()).not.toContain(OWN_KEY);
  expect(await page.content()).not.toContain(OWN_KEY);
  await page.getByRole('button', { name: 'Remove key' }).click();
  await field.fill(OWN_KEY);
  await page.getByLabel('Keep it in this browser').check();
  await page.getByRole('button', { name: 'Use key' }).click();
  expect(await storage()).toContain(OWN_KEY);
  await page.getByRole('button', { name: 'Remove key' }).click();
  expect(await storage()).not.toContain(OWN_KEY);

  // Offline, the page says so.
  await page.context().setOffline(true);
  await expect(page.getByRole('region', { name: 'Hosted API' })).toContainText('This machine is offline');
  await page.context().setOffline(false);

  for (const key of [KEY, OWN_KEY]) {
    expect(said.join('\n')).not.toContain(key);
    expect(await page.content()).not.toContain(key);
    expect(JSON.stringify(api.lines)).not.toContain(key);
    for (const file of readdirSync('dist', { recursive: true, withFileTypes: true })) {
      if (!file.isFile() || !/\.(js|html|css|json|map)$/.test(file.name)) continue;
      expect(readFileSync(join(file.parentPath, file.name), 'latin1'), file.name).not.toContain(key);
    }
  }
});
