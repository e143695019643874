/**
 * Every tool and view control on an image of 8192 × 8192: uses each as a user would, and prints the longest tasks on the
 * page's main thread from Chromium's tracing, in wall time and CPU time. Takes a side in pixels:
 * `npx tsx bench/tools.ts 4096`. The last figures are in bench/results/tools.json.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { expect } from '@playwright/test';
import { openBuiltPage } from './builtPage';
import { describeTasks, LIMIT_MS, mainThreadTasks, summaryOf, traced } from './tracing';

const side = Number(process.argv[2] ?? 8192);
const PATIENCE_MS = 240_000;
const { page, editor, client, photograph, close } = await openBuiltPage(side, side);
try {
  page.setDefaultTimeout(PATIENCE_MS);
  const label = page.getByText('The model sees');
  const figures: Record<string, unknown>[] = [];
  const step = async (name: string, action: () => Promise<unknown>) => {
    const started = performance.now();
    const events = await traced(client, async () => {
      await action();
      await settled();
      // Drawing the last change counts too.
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50))));
    });
    const tasks = mainThreadTasks(events);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    figures.push({ name, seconds, ...summaryOf(tasks) });
    console.log(`${name}: ${seconds} s, ${describeTasks(tasks)}`);
  };
  const settled = () => expect(editor.canvas).toHaveAttribute('aria-busy', 'false', { timeout: PATIENCE_MS });
  const press = (key: string) => async () => {
    await editor.canvas.focus();
    await page.keyboard.press(key);
  };
  const undoAndRedo = async (name: string) => {
    await step(`${name}, undone`, press('Control+z'));
    await step(`${name}, done again`, press('Control+Shift+z'));
  };
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is not shown');
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };

  console.log(`image ${side} × ${side}`);
  await step('open', async () => {
    await editor.openFile(photograph);
    await label.waitFor({ state: 'detached' });
  });
  for (const tool of ['Rectangle', 'Ellipse', 'Lasso'] as const) {
    await editor.tool(tool).click();
    await step(tool, () => editor.drag([0.35, 0.15], [0.6, 0.3], [0.65, 0.85]));
    await undoAndRedo(tool);
  }
  await step('Invert', press('i'));
  await undoAndRedo('Invert');
  await step('Fill', press('a'));
  await undoAndRedo('Fill');
  await step('Clear', press('Delete'));
  await undoAndRedo('Clear');
  await editor.tool('Magic wand').click();
  await editor.tool('Only what is connected').click();
  await step('Wand anywhere', () => page.mouse.click(middle.x, middle.y));
  await undoAndRedo('Wand anywhere');
  await step('Invert a mask of many parts', press('i'));
  await step('Clear a mask of many parts', press('Delete'));
  await undoAndRedo('Clear a mask of many parts');
  await page.keyboard.press('Control+z');
  await settled();
  await step('Rectangle over many parts', async () => {
    await editor.tool('Rectangle').click();
    await editor.drag([0.35, 0.15], [0.65, 0.85]);
  });
  await undoAndRedo('Rectangle over many parts');
  await press('Delete')();
  await settled();
  await editor.drag([0.4, 0.3], [0.6, 0.7]);
  for (const [name, key] of [
    ['Grow', 'g'],
    ['Shrink', 'Shift+g'],
    ['Feather', 'f'],
  ] as const) {
    await step(name, press(key));
    await undoAndRedo(name);
  }
  await step('Save the mask', async () => {
    const download = page.waitForEvent('download');
    await press('Control+Shift+s')();
    await (await download).saveAs('.cache/bench/mask.png');
  });
  await press('Delete')();
  await settled();
  await step('Import a mask', async () => {
    const chooser = page.waitForEvent('filechooser');
    await press('Control+Shift+o')();
    await (await chooser).setFiles('.cache/bench/mask.png');
    await label.waitFor({ state: 'attached' });
  });
  await undoAndRedo('Import a mask');

  const wheel = async (delta: number, times: number) => {
    await page.mouse.move(middle.x, middle.y);
    for (let i = 0; i < times; i++) {
      await page.mouse.wheel(0, delta);
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
    }
  };
  const pan = async () => {
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.down({ button: 'middle' });
    for (let i = 1; i <= 20; i++) await page.mouse.move(middle.x + i * 6, middle.y + i * 4);
    await page.mouse.up({ button: 'middle' });
  };
  await step('Zoom in from afar', () => wheel(-120, 15));
  await step('Zoom out again', () => wheel(120, 15));
  await step('Fit', press('0'));
  await step('Pan, fitted', pan);
  await step('1:1', press('1'));
  await step('Pan, 1:1', pan);
  await step('The mask alone', press('m'));
  await step('Pan, the mask alone', pan);
  const about = {
    picture: `${side} × ${side}`,
    limitMs: LIMIT_MS,
    processor: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    browser: page.context().browser()?.version(),
  };
  writeFileSync('bench/results/tools.json', `${JSON.stringify({ ...about, figures }, null, 2)}\n`);
} finally {
  await close();
}
