/** The model panel against the local hub: looked up, downloaded, paused, cut off by a reload, gated, one's own. */
import type { Page } from '@playwright/test';
import { folderFiles, type HubFile } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { EditorPage } from '../test/support/pages/editorPage';
import { button, keptLine, openWithHub } from '../test/support/pages/modelPanel';
import { expect, test } from '../test/support/pages/test';

const MODEL = 'golden/sd15-inpaint';
const TOKEN = 'hf_of_this_test';
const UNET = 'unet/diffusion_pytorch_model.safetensors';
const folder = 'goldens/models/sd15-inpaint';
/** Of the UNet the first two requests read its header. A third of the model has arrived by then. */
const held = { kind: 'stall', atByte: 1_000_000, path: UNET, origin: 'content', after: 2 } as const;

let files: HubFile[];
let hub: Hub;

test.beforeAll(async () => {
  files = await folderFiles(folder);
});
test.beforeEach(async () => {
  hub = await startHub({
    repos: [
      { id: MODEL, files, card: { license: 'creativeml-openrail-m' } },
      { id: 'golden/gated', files, gatedBy: TOKEN },
    ],
  });
});
test.afterEach(() => hub.close());

const openWith = (page: Page, name?: string) => openWithHub(page, hub.url, name);
/** Ranges that were asked of the UNet, at the origin that has its bytes. */
const unetRanges = () =>
  hub.log.filter(({ origin, status }) => origin === 'content' && status >= 200).map(({ range }) => range);

test('a name is looked up before anything is fetched, downloaded, paused, resumed by range, used, deleted', async ({
  page,
}) => {
  hub.faults.add(held);
  const editor = await openWith(page, MODEL);
  await expect(page.getByText('Stable Diffusion 1 for inpainting')).toBeVisible();
  await expect(page.getByText(/MB to download · licence creativeml-openrail-m/)).toBeVisible();
  expect(hub.log.filter(({ url }) => url.includes('.safetensors'))).toEqual([]);

  await button(page, 'Download model').click();
  const meter = page.getByRole('progressbar', { name: 'Model download' });
  await expect(meter).toHaveAttribute('aria-valuenow', /^[1-9]\d$/);
  // The page is free meanwhile.
  await expect(editor.generate).toBeEnabled();
  await button(page, 'Pause download').click();
  await expect(page.getByText(/^Paused at /)).toBeVisible();

  hub.faults.clear();
  hub.log.length = 0;
  await button(page, 'Resume download').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  expect(unetRanges().some((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);

  await editor.steps.fill('1');
  await editor.run();
  hub.log.length = 0;

  // The engine lets go of it for the deletion.
  await button(page, 'Manage models').click();
  await button(page, `Delete ${MODEL}`).click();
  await page.getByRole('button', { name: /^Delete [\d.]+ MB$/ }).click();
  await expect(page.getByText('Models that you download appear here.')).toBeVisible();
  await button(page, 'Close models').click();
  await expect(button(page, 'Download model')).toBeVisible();
});

/** The byte of a file at which the one unfinished download would go on, were the page closed now; 0 where at none. */
function pointToGoOnFrom(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const models = await root.getDirectoryHandle('models', { create: true });
    for await (const model of models.values()) {
      if (!(model instanceof FileSystemDirectoryHandle)) continue;
      const journal = await model
        .getFileHandle('unfinished.json')
        .then(async (handle) => (await handle.getFile()).text())
        // It is being written anew.
        .catch(() => '');
      const positions = [...journal.matchAll(/"progress":\{"position":(\d+)/g)].map(([, at]) => Number(at));
      return Math.max(0, ...positions);
    }
    return 0;
  });
}

test('a reload in mid-download shows it interrupted; it goes on at the byte where it stopped', async ({
  page,
}) => {
  hub.faults.add({ kind: 'slow', bytesPerSecond: 250_000, path: UNET, origin: 'content', after: 2 });
  await openWith(page, MODEL);
  await button(page, 'Download model').click();
  await expect.poll(() => pointToGoOnFrom(page)).toBeGreaterThan(50_000);
  await page.reload();

  hub.faults.clear();
  hub.log.length = 0;
  const editor = new EditorPage(page);
  await editor.ready();
  await editor.model.fill(MODEL);
  await expect(page.getByText(/^Paused at /)).toBeVisible();
  await button(page, 'Resume download').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  const resumed = unetRanges().map((range) => Number(/^bytes=([1-9]\d*)-$/.exec(range ?? '')?.[1] ?? 0));
  expect(Math.max(...resumed)).toBeGreaterThan(50_000);
});

test('two tabs never fetch the same model twice', async ({ page, context }) => {
  hub.faults.add(held);
  await openWith(page, MODEL);
  const other = await context.newPage();
  await openWith(other, MODEL);
  await button(page, 'Download model').click();
  await expect(page.getByRole('progressbar', { name: 'Model download' })).toBeVisible();
  await expect.poll(() => unetRanges().length).toBeGreaterThan(0);
  await button(other, 'Download model').click();
  await expect(other.getByText('Downloading in another tab')).toBeVisible();
  hub.faults.clear();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  await expect(keptLine(other)).toBeVisible({ timeout: 60_000 });
  const whole = hub.log.filter(
    ({ origin, range, status }) => origin === 'content' && range === undefined && status === 200,
  );
  // Each file of weights once: text encoder, UNet, autoencoder.
  expect(whole).toHaveLength(3);
});

test('a gated model asks for a token, and the token goes to the hub alone', async ({ page }) => {
  await openWith(page, 'golden/gated');
  await expect(page.getByText(/golden\/gated is gated: accept its terms/i)).toBeVisible();
  const token = page.getByLabel('Access token');
  await token.fill('hf_wrong');
  await button(page, 'Use token').click();
  await expect(page.getByText(/this token does not open it/)).toBeVisible();
  await token.fill(TOKEN);
  await button(page, 'Use token').click();
  await button(page, 'Download model').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  const atHub = hub.log.filter(({ origin, authorization }) => origin === 'hub' && authorization);
  const elsewhere = hub.log.filter(({ origin, authorization }) => origin === 'content' && authorization);
  expect(atHub.length).toBeGreaterThan(0);
  expect(hub.log.some(({ origin }) => origin === 'content')).toBe(true);
  expect(elsewhere).toEqual([]);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(TOKEN);
});

test('misbehaviour ends in the finished model or in a clear message', async ({ page }) => {
  // Cut, refused and told to wait: mended without a word.
  hub.faults.add({ kind: 'cut', atByte: 150_000, path: UNET, origin: 'content', after: 2, times: 1 });
  hub.faults.add({
    kind: 'status',
    status: 429,
    retryAfter: '1',
    path: 'text_encoder/.*safetensors',
    times: 1,
  });
  hub.faults.add({ kind: 'status', status: 503, path: 'vae/.*safetensors', times: 1 });
  // A download of under a second says nothing about the line's speed, which the question quotes below.
  hub.faults.add({ kind: 'slow', bytesPerSecond: 1_000_000, path: UNET, origin: 'content' });
  const editor = await openWith(page, MODEL);
  await button(page, 'Download model').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  await button(page, 'Manage models').click();
  await button(page, `Delete ${MODEL}`).click();
  await page.getByRole('button', { name: /^Delete [\d.]+ MB$/ }).click();
  await button(page, 'Close models').click();

  // Wrong bytes, twice: nothing of them is used.
  hub.faults.add({ kind: 'corrupt', atByte: 200_000, path: UNET, origin: 'content', after: 2 });
  await button(page, 'Download model').click();
  await expect(page.getByText(/digest differs/)).toBeVisible({ timeout: 60_000 });
  await expect(keptLine(page)).toHaveCount(0);
  hub.faults.clear();

  // Generate asks before it fetches what is missing, and goes on by itself once it is here.
  await editor.steps.fill('1');
  await expect(page.getByText('Finish downloading the model')).toBeVisible();
  await editor.generate.click();
  const question = page.getByRole('alertdialog', { name: `Download the rest of ${MODEL}?` });
  await expect(question.getByText(/MB, about \d+ s at the speed of the last download/)).toBeVisible();
  await question.getByRole('button', { name: 'Not now' }).click();
  await expect(editor.cancel).toHaveCount(0);
  await expect(keptLine(page)).toHaveCount(0);
  await editor.run();
  await expect(keptLine(page)).toBeVisible();
});
