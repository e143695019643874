/**
 * What a 24-megapixel image costs the page's main thread apart from the brush: opening it, pasting back a result whose
 * frame covers most of it, continuing from that, and extending the canvas. Prints the longest tasks from Chromium's
 * tracing, and the memory of the page's process after each. Given a side in pixels, it uses a square image of that side:
 * `npx tsx bench/paste.ts 8192`.
 */
import { openBuiltPage } from './builtPage';
import { describeTasks, mainThreadTasks, traced } from './tracing';

const side = process.argv[2] === undefined ? null : Number(process.argv[2]);
const WIDTH = side ?? 6000;
const HEIGHT = side ?? 4000;
const PATIENCE_MS = 240_000;

const { page, editor, client, photograph, processMemory, close } = await openBuiltPage(WIDTH, HEIGHT);
try {
  page.setDefaultTimeout(PATIENCE_MS);
  const label = page.getByText('The model sees');
  const step = async (name: string, action: () => Promise<unknown>) => {
    const started = performance.now();
    const events = await traced(client, async () => {
      await action();
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const megabytes = ((await processMemory()) / 1e6).toFixed(0);
    console.log(`${name}: ${seconds} s, ${megabytes} MB, ${describeTasks(mainThreadTasks(events))}`);
  };
  console.log(`image ${WIDTH} × ${HEIGHT}`);
  await step('open', async () => {
    await editor.openFile(photograph);
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
      await page.getByRole('button', { name: 'Outpaint: extend the canvas' }).click();
      await page.getByRole('spinbutton', { name: 'Extend right' }).fill('800');
      await page.getByRole('spinbutton', { name: 'Extend top' }).fill('400');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText(`of ${WIDTH + 800} × ${HEIGHT + 400}`).waitFor();
    });
  }
} finally {
  await close();
}
