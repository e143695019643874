/**
 * What a 24-megapixel picture costs the page's main thread beside the brush: opening it, a run whose answer goes back
 * into a frame of most of it, going on from that, and drawing the canvas out. Prints the longest tasks from Chromium's
 * tracing, and what the page holds after each. With a side in pixels as argument the picture is a square of it: `npx tsx bench/paste.ts 8192`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import sharp from 'sharp';
import { build, preview } from 'vite';
import { findBrowser } from '../e2e/browser';
import { EditorPage } from '../e2e/pages/editorPage';
import { describeTasks, mainThreadTasks, pageMemory, traced } from './tracing';

const side = process.argv[2] === undefined ? null : Number(process.argv[2]);
const WIDTH = side ?? 6000;
const HEIGHT = side ?? 4000;
const PATIENCE_MS = 240_000;

const folder = join('.cache', 'bench');
mkdirSync(folder, { recursive: true });
const path = join(folder, `photograph-${WIDTH}.jpg`);
await sharp('public/samples/sample.jpg').resize(WIDTH, HEIGHT, { fit: 'fill' }).jpeg().toFile(path);
const outDir = join(folder, 'dist');
await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
const server = await preview({ logLevel: 'error', build: { outDir }, preview: { port: 0 } });
const [origin] = server.resolvedUrls?.local ?? [];
if (origin === undefined) throw new Error('the server has no address');
const browser = await chromium.launch({
  executablePath: findBrowser(),
  args: ['--no-sandbox', '--enable-precise-memory-info'],
});
try {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const editor = new EditorPage(page);
  await editor.open(origin);
  const client = await page.context().newCDPSession(page);
  const label = page.getByText('goes to the model');
  const step = async (name: string, action: () => Promise<unknown>) => {
    const started = performance.now();
    const events = await traced(client, async () => {
      await action();
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const megabytes = ((await pageMemory(page, client)) / 1e6).toFixed(0);
    console.log(`${name}: ${seconds} s, ${megabytes} MB, ${describeTasks(mainThreadTasks(events))}`);
  };
  console.log(`picture ${WIDTH} × ${HEIGHT}`);
  await step('open', async () => {
    await editor.openFile(path);
    await label.waitFor({ state: 'detached' });
  });
  await editor.tool('Rectangle').click();
  await step('mask of a rectangle, undone and done again', async () => {
    await editor.drag([0.2, 0.2], [0.8, 0.8]);
    await label.waitFor({ state: 'attached' });
    await editor.undo.click();
    await label.waitFor({ state: 'detached' });
    await editor.redo.click();
  });
  await label.waitFor({ state: 'attached' });
  console.log(await label.textContent());
  await editor.steps.fill('1');
  await step('run', async () => {
    await editor.generate.click();
    await editor.result.waitFor();
    await page.waitForFunction(() => {
      const image = document.querySelector<HTMLImageElement>('img[alt="Result"]');
      return image?.complete && image.naturalWidth > 0;
    });
  });
  await step('download', () => editor.saved());
  await step('continue', async () => {
    await page.getByRole('button', { name: 'Continue from this version' }).click();
    await editor.result.waitFor({ state: 'detached' });
  });
  if (side === null) {
    await step('draw the canvas out', async () => {
      await page.getByRole('button', { name: 'Extend the canvas' }).click();
      await page.getByRole('spinbutton', { name: 'Extend right' }).fill('800');
      await page.getByRole('spinbutton', { name: 'Extend top' }).fill('400');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText(`of ${WIDTH + 800} × ${HEIGHT + 400} goes to the model`).waitFor();
    });
  }
} finally {
  await browser.close();
  await server.close();
}
