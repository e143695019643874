/**
 * The first hour in the editor, as README.md tells it: its section "In the editor", sentence by sentence, in the page as
 * `npm start` serves it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { commands, helpOf } from '../src/ui/commands/index';
import { folderFiles, memoryFile } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { selectorRepos } from '../test/support/hub/selectors';
import { EditorPage } from '../test/support/pages/editorPage';
import { button } from '../test/support/pages/modelPanel';
import { hostedPort, hubPort, SERVER_KEY } from '../test/support/pages/ports';
import { startStaticHost } from '../test/support/pages/staticHost';
import { expect, test } from '../test/support/pages/test';
import {
  brightness,
  changedBy,
  expectPainted,
  expectSentences,
  follow,
  fromMaskMenu,
  importMask,
  MODEL,
  maskOf,
  newVisit,
  SAMPLE,
  SAMPLE_MASK,
  type Steps,
  type Visit,
  whiteIn,
} from '../test/support/pages/visit';
import { decode } from '../test/support/pictures';
import { paintingEngine, startTestServer, type TestServer } from '../test/support/server';

const FOREIGN = 'golden/flux';
/** A busy machine takes long to read an image for selecting. */
const SELECTING_MS = 150_000;
let hub: Hub;
let api: TestServer;
/** What the hosted API was sent, in order: prompt and size of the picture. */
const sent: { prompt: string; width: number; height: number }[] = [];

test.beforeAll(async () => {
  const files = await folderFiles('goldens/models/sd15-inpaint');
  const index = memoryFile('model_index.json', '{"_class_name":"FluxPipeline"}');
  const foreign = [...files.filter(({ path }) => path !== index.path), index];
  const repos = [{ id: MODEL, files }, { id: FOREIGN, files: foreign }, ...(await selectorRepos())];
  hub = await startHub({ repos, port: hubPort() });
  const engine = paintingEngine(async ({ prompt, image_url }) => {
    if (!(image_url instanceof Blob)) throw new Error('the server hands files over');
    const { width, height } = await sharp(Buffer.from(await image_url.arrayBuffer())).metadata();
    sent.push({ prompt, width, height });
  });
  api = await startTestServer({ engine }, { key: SERVER_KEY, port: hostedPort() });
});
test.afterAll(async () => {
  await Promise.all([hub.close(), api.close()]);
});

const versions = ({ page }: Visit) => page.getByRole('list', { name: 'Versions' }).getByRole('button');
const frameLine = ({ page }: Visit) => page.getByText('The model sees');

/** Where a place of the camels' image is on the page. */
async function onCamels(page: Page, x: number, y: number): Promise<[x: number, y: number]> {
  const box = await page.locator('.canvas-shadow').boundingBox();
  if (!box) throw new Error('the image is shown');
  return [box.x + (x / 600) * box.width, box.y + (y / 338) * box.height];
}

const inTheEditor: Steps = {
  'The mask can grow, shrink and feather': async (visit) => {
    const { editor, info } = visit;
    const sample = await maskOf(visit);
    await fromMaskMenu(visit, 'Grow');
    const grown = whiteIn(await maskOf(visit));
    expect(grown).toBeGreaterThan(whiteIn(sample));
    await fromMaskMenu(visit, 'Shrink');
    expect(whiteIn(await maskOf(visit))).toBeLessThan(grown);
    await fromMaskMenu(visit, 'Feather');
    expect(new Set(await maskOf(visit)).size).toBeGreaterThan(20);
    await importMask(visit, SAMPLE_MASK);
    await expect.poll(async () => (await maskOf(visit)).equals(sample)).toBe(true);

    const hole = info.outputPath('hole.png');
    const left = Buffer.from('<svg width="320" height="240"><rect width="160" height="240"/></svg>');
    await sharp({ create: { width: 320, height: 240, channels: 4, background: '#888' } })
      .composite([{ input: left, blend: 'dest-out' }])
      .png()
      .toFile(hole);
    await editor.openFile(hole);
    await fromMaskMenu(visit, 'Mask from transparency');
    expect(whiteIn(await maskOf(visit))).toBe(160 * 240);
  },
  '**Select object** masks the thing': async (visit) => {
    const { page, editor, info } = visit;
    const path = info.outputPath('camels.png');
    await sharp('test/pictures/camels.jpg').resize(600, 338).png().toFile(path);
    await editor.openFile(path);
    await button(page, 'Select object').click();
    await button(page, 'Get it').click();
    const at = (x: number, y: number) => onCamels(page, x, y);
    const masked = async (x: number, y: number) => ((await maskOf(visit))[y * 600 + x] ?? 0) >= 128;
    // The young camel; not the large one, nor, after the second click, its neck.
    await page.mouse.click(...(await at(110, 170)));
    await expect.poll(() => masked(110, 170), { timeout: SELECTING_MS }).toBe(true);
    expect(await masked(340, 140)).toBe(false);
    expect(await masked(182, 188)).toBe(true);
    await button(page, 'Exclude what is pressed').click();
    await page.mouse.click(...(await at(182, 188)));
    await expect.poll(() => masked(182, 188), { timeout: SELECTING_MS }).toBe(false);
    await button(page, 'Include what is pressed').click();
    await button(page, 'Replace the mask').click();
    await page.mouse.move(...(await at(200, 35)));
    await page.mouse.down();
    await page.mouse.move(...(await at(570, 297)), { steps: 6 });
    await page.mouse.up();
    await expect.poll(() => masked(340, 140), { timeout: SELECTING_MS }).toBe(true);
    expect(await masked(110, 60)).toBe(false);
  },
  'Its model is downloaded once (23 MB)': async ({ page }) => {
    await button(page, 'Brush').click();
    await button(page, 'Select object').click();
    await expect(button(page, 'Get it')).toHaveCount(0);
    await button(page, 'Manage models').click();
    const kept = page.getByRole('region', { name: 'On this device' }).getByRole('listitem');
    await expect(kept.filter({ hasText: 'Selects what you click' })).toContainText('23 MB');
    await button(page, 'Close models').click();
  },
  // The hub's model is a tiny one with random weights: that it answers is looked at, not what it takes.
  '**By name** masks what you call': async (visit) => {
    const { page } = visit;
    const before = await maskOf(visit);
    await button(page, 'Select by name').click();
    await page.getByRole('textbox', { name: 'Name of the thing' }).fill('sky');
    await page.getByRole('dialog').getByRole('button', { name: 'Select', exact: true }).click();
    await button(page, 'Download model').click();
    await page.keyboard.press('Escape');
    await expect
      .poll(async () => (await maskOf(visit)).equals(before), { timeout: SELECTING_MS })
      .toBe(false);
  },
  '**Save cut-out** in the mask': async (visit) => {
    const { page } = visit;
    const download = page.waitForEvent('download');
    await fromMaskMenu(visit, 'Save cut-out');
    const { hasAlpha } = await sharp(await (await download).path()).metadata();
    expect(hasAlpha).toBe(true);
    // The young one again, for what follows.
    await page.mouse.click(...(await onCamels(page, 110, 170)));
    const taken = async () => {
      const mask = await maskOf(visit);
      return [mask[170 * 600 + 110], mask[140 * 600 + 340], whiteIn(mask) < 600 * 338 * 0.1];
    };
    await expect.poll(taken, { timeout: SELECTING_MS }).toEqual([255, 0, true]);
    await button(page, 'Brush').click();
  },
  '**Remove** takes away what is masked': async (visit) => {
    const { page, editor } = visit;
    await editor.prompt.fill('');
    const before = await decode(await editor.saved());
    // The edge of what was selected is soft.
    const touched = Buffer.from((await maskOf(visit)).map((value) => (value > 0 ? 255 : 0)));
    expectPainted(before, await decode(await editor.takeAway()), touched);
    await expect(page.getByText('Something left?')).toBeVisible();
  },
  'A bar beside the result makes another one': async (visit) => {
    const { page, editor } = visit;
    const bar = page.getByRole('toolbar', { name: 'New result' });
    const first = await editor.saved();
    const mask = await maskOf(visit);
    await editor.takeAway(bar.getByRole('button', { name: 'Again' }));
    await editor.takeAway(bar.getByRole('button', { name: 'A little more around' }));
    expect(whiteIn(await maskOf(visit))).toBeGreaterThan(whiteIn(mask));
    await expect(bar).toContainText('3 of 3');
    await bar.getByRole('button', { name: 'Next result' }).click();
    expect((await editor.saved()).equals(first)).toBe(true);
    await bar.getByRole('button', { name: 'Discard' }).click();
    await expect(editor.result).toHaveCount(0);
  },
  'What is left, such as a shadow, goes': async (visit) => {
    const { page, editor } = visit;
    const first = await decode(await editor.takeAway());
    await editor.drag([0.7, 0.8], [0.74, 0.82]);
    const stroke = await maskOf(visit);
    expectPainted(first, await decode(await editor.takeAway()), stroke);
    await page.getByRole('button', { name: 'Accept' }).click();
    await expect.poll(async () => whiteIn(await maskOf(visit))).toBe(0);
    await editor.openFile(SAMPLE);
    await importMask(visit, SAMPLE_MASK);
    await editor.prompt.fill('a mushroom');
  },
  'A result is shown over the image': async ({ page, editor, original }) => {
    await editor.steps.fill('1');
    expectPainted(original, await decode(await editor.run()), await brightness(SAMPLE_MASK));
    await page.getByRole('slider', { name: 'Compare before and after' }).focus();
    await page.keyboard.press('End');
    await expect(editor.result).toHaveCSS('clip-path', /100%/);
  },
  'One press makes several variations': async (visit) => {
    const { page, editor } = visit;
    await page.getByText('More settings').click();
    const variations = page.getByRole('spinbutton', { name: 'Variations' });
    await variations.fill('2');
    await editor.run();
    await expect(versions(visit)).toHaveCount(4);
    await variations.fill('1');
    // The first of the two is shown already.
    await versions(visit).nth(3).click();
    await editor.drag([0.3, 0.3], [0.34, 0.34]);
    await expect(versions(visit).nth(3)).toHaveAccessibleName(/on the canvas/);
    const [before, mask] = [await decode(await editor.saved()), await maskOf(visit)];
    expectPainted(before, await decode(await editor.run()), mask);
  },
  'The frame that the model sees can be dragged': async (visit) => {
    const { page, editor } = visit;
    await button(page, 'Adjust the frame').click();
    const automatic = await frameLine(visit).textContent();
    // Inwards: outwards the image may end there.
    await editor.dragHandle(page.getByRole('button', { name: 'Frame, left edge' }), 30);
    await expect(frameLine(visit)).not.toHaveText(automatic ?? '');
    await button(page, 'Reset to the automatic frame').click();
    await button(page, 'Done').click();
  },
  'The canvas can be extended': async (visit) => {
    const { page, editor } = visit;
    await button(page, 'Clear mask').click();
    await button(page, 'Outpaint: extend the canvas').click();
    await page.getByRole('spinbutton', { name: 'Extend right' }).fill('160');
    await button(page, 'Apply').click();
    await expect(frameLine(visit)).toContainText('of 1360 × 799');
    // What is new is filled by itself.
    await expect(editor.result).toBeVisible({ timeout: 180_000 });
    const filled = await decode(await editor.saved());
    const mask = await maskOf(visit);
    await page.getByRole('button', { name: 'Discard' }).click();
    const before = await decode(await editor.saved());
    expectPainted(before, filled, mask);
    const other = await decode(await editor.takeAway());
    expectPainted(before, other, mask);
    // Another seed: other pieces, though some may be the same.
    expect(changedBy(filled, other, mask).inside).toBeGreaterThan(0.1);
    const painted = await decode(await editor.run());
    expect(painted.width).toBe(1360);
    expectPainted(before, painted, mask);
  },
  'Undo and redo lead back and forth': async (visit) => {
    const { editor } = visit;
    const shown = await editor.saved();
    // A press that comes while a version is decoded would wait, and be dropped once another image is there.
    const rested = () => expect(editor.canvas).toHaveAttribute('aria-busy', 'false');
    const undone = async () => {
      let count = 0;
      for (; await editor.undo.isEnabled(); count++) {
        await editor.undo.click();
        await rested();
      }
      return count;
    };
    // Back to the visit's beginning, and forth again.
    const count = await undone();
    expect(count).toBeGreaterThan(8);
    await expect(frameLine(visit)).toContainText('of 1200 × 799');
    for (let i = 0; i < count; i++) {
      await editor.redo.click();
      await rested();
    }
    await expect(editor.redo).toBeDisabled();
    expect((await editor.saved()).equals(shown)).toBe(true);
  },
  '**Download** (Ctrl+S; PNG, or JPEG and WebP': async ({ page, editor }) => {
    const shown = await editor.saved();
    for (const [name, format] of Object.entries({ JPEG: 'jpeg', WebP: 'webp' })) {
      await button(page, 'Download as').click();
      const download = page.waitForEvent('download');
      await page.getByRole('menuitem', { name }).click();
      expect(await sharp(await (await download).path()).metadata()).toMatchObject({ format, width: 1360 });
    }
    const saved = page.waitForEvent('download');
    await editor.canvas.focus();
    await page.keyboard.press('Control+s');
    expect(readFileSync(await (await saved).path()).equals(shown)).toBe(true);
    await page.keyboard.press('Control+c');
    await expect(page.getByRole('status').filter({ hasText: /^Copied$/ })).toHaveCount(1);
  },
  '`?` lists all keys': async ({ page }) => {
    await page.keyboard.press('?');
    const help = page.getByRole('dialog');
    for (const command of commands) await expect(help).toContainText(helpOf(command));
    await page.keyboard.press('Escape');
  },
  'The switch **Hosted API** sends runs': async ({ page, editor }) => {
    await page.getByRole('switch', { name: 'Hosted API' }).click();
    await editor.model.fill(MODEL);
    await editor.prompt.fill('a sunflower, sent');
    await editor.run();
    expect(sent).toMatchObject([{ prompt: 'a sunflower, sent' }]);
    expect(sent[0]?.width).toBeLessThan(1360);
    await expect(page.getByRole('region', { name: 'Hosted API' })).toContainText('area around');
  },
  'With the switch off no image': async ({ page, editor, requests }) => {
    await page.getByRole('switch', { name: 'Hosted API' }).click();
    await editor.model.fill('starter');
    requests.length = 0;
    await editor.run();
    const leaving = requests.filter(
      (request) => request.method() !== 'GET' || !/^(blob|data|http:\/\/localhost)/.test(request.url()),
    );
    expect(leaving.map((request) => request.url())).toEqual([]);
    expect(sent).toHaveLength(1);
  },
  'If the device cannot make a run': async ({ page, editor }) => {
    await editor.model.fill(FOREIGN);
    await editor.generate.click();
    const question = page.getByRole('alertdialog', { name: 'Send this run to the hosted API?' });
    await expect(question).toContainText('this is Flux (FluxPipeline), which is not supported');
    await question.getByRole('button', { name: 'Don’t send' }).click();
    expect(sent).toHaveLength(1);
  },
  'Every result is stored in the **Gallery**': async (visit) => {
    const { page, editor } = visit;
    await editor.steps.fill('3');
    await button(page, 'Gallery').click();
    const gallery = page.getByRole('dialog');
    const results = gallery.getByRole('list', { name: 'Results' }).getByRole('listitem');
    await expect(results).toHaveCount(14);
    await gallery.getByRole('searchbox').fill('MUSHROOM');
    await expect(results).toHaveCount(5);
    await results.last().getByRole('button', { name: 'Delete' }).click();
    await expect(results).toHaveCount(4);
    await results.last().getByRole('button', { name: 'View large' }).click();
    await expect(gallery.getByRole('img', { name: 'a mushroom' })).toBeVisible();
    await page.keyboard.press('Escape');
    const download = page.waitForEvent('download');
    await results.last().getByRole('button', { name: 'Download' }).click();
    expect(await sharp(await (await download).path()).metadata()).toMatchObject({ width: 1200 });
    await results.last().getByRole('button', { name: 'Restore settings' }).click();
    await expect(editor.steps).toHaveValue('1');
    await expect(editor.prompt).toHaveValue('a mushroom');
    await expect(editor.model).toHaveValue('starter');
    await button(page, 'Gallery').click();
    await results.last().getByRole('button', { name: 'Open on the canvas' }).click();
    // A newly opened image has no mask, so the model sees nothing yet.
    await expect(frameLine(visit)).toHaveCount(0);
  },
  'Your current work is stored too': async (visit) => {
    const { page, editor } = visit;
    await editor.drag([0.4, 0.4], [0.6, 0.5]);
    const painted = await maskOf(visit);
    expect(whiteIn(painted)).toBeGreaterThan(0);
    await editor.prompt.fill('a red apple');
    const count = await versions(visit).count();
    // It is kept a moment after the last stroke or key.
    await page.waitForTimeout(2000);
    await page.reload();
    await editor.ready();
    expect((await maskOf(visit)).equals(painted)).toBe(true);
    await expect(editor.prompt).toHaveValue('a red apple');
    await expect(versions(visit)).toHaveCount(count);
  },
  '**Start over**, in the menu beside': async (visit) => {
    const { page } = visit;
    const painted = await maskOf(visit);
    await button(page, 'Other ways to open').click();
    await page.getByRole('button', { name: 'Start over' }).last().click();
    await expect(frameLine(visit)).toHaveCount(0);
    await button(page, 'Restore session').click();
    await visit.editor.ready();
    expect((await maskOf(visit)).equals(painted)).toBe(true);
  },
  'Downloaded files include their settings': async ({ editor }) => {
    const file = await editor.saved();
    const { comments } = await sharp(file).metadata();
    const textOf = (wanted: string) => comments?.find(({ keyword }) => keyword === wanted)?.text ?? '';
    expect(textOf('parameters')).toMatch(/^a mushroom\nSteps: 1, .*Seed: \d+, .*Model: starter/);
    expect(file.toString('latin1')).not.toContain(SERVER_KEY);
  },
  'Inlay offers to restore them': async ({ page, editor, info }) => {
    const path = info.outputPath('result.png');
    writeFileSync(path, await editor.saved());
    await editor.prompt.fill('something else');
    await editor.openFile(path);
    await expect(page.getByText('This image includes Inlay settings.')).toBeVisible();
    await button(page, 'Restore').click();
    await expect(editor.prompt).toHaveValue('a mushroom');
  },
  '**Request as code** shows the current settings': async ({ page, editor }) => {
    await editor.prompt.fill('a lighthouse');
    await button(page, 'Request as code').click();
    const dialog = page.getByRole('dialog', { name: 'Request as code' });
    for (const name of ['cURL', 'Python', 'JavaScript']) {
      await dialog.getByRole('tab', { name }).click();
      await expect(dialog.locator('pre:visible')).toContainText('a lighthouse');
    }
    await page.keyboard.press('Escape');
  },
  // `npm start` has built it.
  '`npm run build` gives a folder': async ({ page }) => {
    const host = await startStaticHost('dist', '/any/path/');
    try {
      const published = await page.context().newPage();
      await new EditorPage(published).open(host.url);
      await published.close();
    } finally {
      await host.close();
    }
  },
};

test('each sentence of README’s "In the editor" is followed here', () => {
  expectSentences('In the editor', inTheEditor);
});

test('"In the editor", from the first sentence to the last', async ({ page, context }, info) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const visit = await newVisit(page, info);
  await visit.editor.open('/');
  visit.original = await decode(await visit.editor.saved());
  await follow(inTheEditor, visit);
});
