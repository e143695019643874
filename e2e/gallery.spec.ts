/** The gallery, settings carried by PNG files, and the request as code, around the harness's engine. */
import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import type { EditorPage } from '../test/support/pages/editorPage';
import { openHarness } from '../test/support/pages/harness';
import { pageAction } from '../test/support/pages/states';
import { expect, test } from '../test/support/pages/test';

async function run(editor: EditorPage, prompt: string, seed: string): Promise<Buffer> {
  await editor.prompt.fill(prompt);
  await editor.seed.fill(seed);
  return editor.run();
}

test('keeps results over a reload: search, restore, download, open, delete', async ({ page }, info) => {
  const editor = await openHarness(page);
  await editor.steps.fill('2');
  await editor.guidance.fill('1.5');
  await editor.negativePrompt.fill('blurry 狐');
  const fox = await run(editor, 'a red fox', '11');
  await editor.negativePrompt.fill('');
  await editor.steps.fill('3');
  await run(editor, 'a blue door', '12');

  await editor.open(page.url());
  const button = page.getByRole('button', { name: 'Gallery', exact: true });
  await button.click();
  const gallery = page.getByRole('dialog');
  const results = gallery.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await expect(results).toHaveCount(2);
  await expect(results.first()).toHaveAccessibleName('a blue door');
  await expect(gallery.getByText(/^2 results · [\d.]+ MB in this browser/)).toBeVisible();
  if (process.env.GALLERY_SHOTS) await page.screenshot({ path: `${process.env.GALLERY_SHOTS}/gallery.png` });
  // Large, with keys: to the neighbour and back, saved, and Escape leads back to all of them.
  await results.first().getByRole('button', { name: 'View large' }).click();
  await expect(gallery.getByText('1 of 2')).toBeVisible();
  await page.keyboard.press('ArrowRight');
  await expect(gallery.getByRole('img', { name: 'a red fox' })).toBeVisible();
  const large = page.waitForEvent('download');
  await page.keyboard.press('Control+s');
  expect(readFileSync(await (await large).path()).equals(fox)).toBe(true);
  await page.keyboard.press('ArrowLeft');
  await expect(gallery.getByText('1 of 2')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(results).toHaveCount(2);
  await gallery.getByRole('searchbox', { name: 'Search the gallery' }).fill('FOX');
  await expect(results).toHaveCount(1);

  const download = page.waitForEvent('download');
  await results.getByRole('button', { name: 'Download' }).click();
  const saved = await download;
  expect(saved.suggestedFilename()).toBe('a-red-fox-11.png');
  expect(readFileSync(await saved.path()).equals(fox)).toBe(true);
  // Any PNG reader finds the settings, in the form of other programs too.
  const { comments } = await sharp(fox).metadata();
  const textOf = (wanted: string) => comments?.find(({ keyword }) => keyword === wanted)?.text ?? '';
  expect(textOf('parameters')).toMatch(
    /^a red fox\nNegative prompt: blurry 狐\nSteps: 2, CFG scale: 1\.5, Seed: 11, Size: \d+x\d+, Model: starter/,
  );
  expect(JSON.parse(textOf('inlay'))).toMatchObject({ request: { prompt: 'a red fox', seed: 11 } });

  await results.getByRole('button', { name: 'Restore settings' }).click();
  await expect(gallery).toHaveCount(0);
  await expect(editor.prompt).toHaveValue('a red fox');
  await expect(editor.negativePrompt).toHaveValue('blurry 狐');
  await expect(editor.seed).toHaveValue('11');
  await expect(editor.steps).toHaveValue('2');

  // Opened as a file, the picture offers its settings; painting is not held up by it.
  await editor.prompt.fill('something else');
  const path = info.outputPath('fox.png');
  writeFileSync(path, fox);
  await editor.openFile(path);
  const offer = page.getByText('This image includes Inlay settings.');
  await expect(offer).toBeVisible();
  if (process.env.GALLERY_SHOTS) await page.screenshot({ path: `${process.env.GALLERY_SHOTS}/offer.png` });
  await page.getByRole('button', { name: 'Don’t restore' }).click();
  await expect(offer).toHaveCount(0);
  await expect(editor.prompt).toHaveValue('something else');
  await editor.openFile(path);
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  await expect(editor.prompt).toHaveValue('a red fox');

  await button.click();
  await gallery.getByRole('searchbox').fill('');
  await expect(results).toHaveCount(2);
  for (const left of [1, 0]) {
    await results.first().getByRole('button', { name: 'Delete' }).click();
    await expect(results).toHaveCount(left);
  }
  await expect(gallery.getByText('Deleted: a red fox and 1 more')).toBeVisible();
  // They come back whole, to their places, also after the gallery was closed.
  await gallery.getByRole('button', { name: 'Close gallery' }).click();
  await button.click();
  for (const back of [1, 2]) {
    await gallery.getByRole('button', { name: 'Undo delete' }).click();
    await expect(results).toHaveCount(back);
  }
  await expect(results.first()).toHaveAccessibleName('a blue door');
  const again = page.waitForEvent('download');
  await results.first().getByRole('button', { name: 'Download' }).click();
  expect(await sharp(readFileSync(await (await again).path())).metadata()).toMatchObject({ width: 1200 });
  await results.first().getByRole('button', { name: 'Delete' }).click();
  await expect(results).toHaveCount(1);
  await gallery.getByRole('button', { name: 'Delete all' }).click();
  await gallery.getByRole('button', { name: 'Yes, delete all' }).click();
  await expect(gallery.getByText('Your results appear here with their settings')).toBeVisible();
});

test('a browser that keeps nothing says so, and the result stays', async ({ page }) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('not allowed in this window', 'InvalidStateError');
    };
  });
  const editor = await openHarness(page);
  await editor.steps.fill('2');
  const result = await run(editor, 'a hut', '5');
  expect(result.length).toBeGreaterThan(1000);
  const note = page.getByRole('alert').filter({ hasText: 'saved in the gallery' });
  await expect(note).toContainText('private window');
  await expect(page.getByRole('list', { name: 'Versions' }).getByRole('button')).toHaveCount(2);
  await note.getByRole('button', { name: 'Dismiss' }).click();
  await expect(note).toHaveCount(0);
  // What waits is not lost with the note: the gallery offers another try, and tells again if that fails.
  await page.getByRole('button', { name: 'Gallery', exact: true }).click();
  const gallery = page.getByRole('dialog', { name: 'Gallery' });
  await expect(gallery).toContainText('This result isn’t saved in the gallery.');
  await gallery.getByRole('button', { name: 'Try saving again' }).click();
  await page.keyboard.press('Escape');
  await expect(note).toContainText('private window');
});

test('the request as code is copied as it is shown', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const editor = await openHarness(page);
  await editor.prompt.fill('a cat\'s "toy" $HOME');
  await page.getByRole('button', { name: 'Request as code' }).click();
  const dialog = page.getByRole('dialog', { name: 'Request as code' });
  await expect(dialog).toContainText('can’t use this model');
  await dialog.getByRole('tab', { name: 'Python' }).click();
  await expect(dialog.locator('pre:visible')).toContainText('"prompt": "a cat\'s \\"toy\\" $HOME"');
  if (process.env.GALLERY_SHOTS) await page.screenshot({ path: `${process.env.GALLERY_SHOTS}/code.png` });
  await dialog.getByRole('button', { name: 'Copy', exact: true }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(await dialog.locator('pre:visible').textContent());
});

test('on a phone the top line and the gallery fit', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const editor = await openHarness(page);
  await page.getByText('Model, steps, guidance, seed').click();
  await editor.steps.fill('2');
  await run(editor, 'a boat', '7');
  const { x = 0, width = 0 } =
    (await page.getByRole('button', { name: 'More', exact: true }).boundingBox()) ?? {};
  expect(x + width).toBeLessThanOrEqual(390);
  await pageAction(page, 'Gallery');
  const gallery = page.getByRole('dialog', { name: 'Gallery' });
  await expect(gallery.getByRole('listitem')).toHaveCount(1);
  if (process.env.GALLERY_SHOTS) await page.screenshot({ path: `${process.env.GALLERY_SHOTS}/phone.png` });
  expect(await gallery.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);

  // With all that the page of a build has in its top line.
  await page.goto('/');
  await expect(page.getByRole('switch', { name: 'Hosted API' })).toBeVisible();
  const top = page.getByRole('banner');
  expect(await top.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
  if (process.env.GALLERY_SHOTS) await page.screenshot({ path: `${process.env.GALLERY_SHOTS}/top.png` });
});
