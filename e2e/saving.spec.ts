/** What lies on the canvas leaves the page, as a file and through the clipboard: always by the same controls. */
import { readFileSync } from 'node:fs';
import type { Download, Page } from '@playwright/test';
import sharp from 'sharp';
import type { EditorPage } from '../test/support/pages/editorPage';
import { openHarness } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';

async function open(page: Page): Promise<EditorPage> {
  const editor = await openHarness(page);
  await editor.unfold();
  await editor.steps.fill('2');
  return editor;
}

const pixels = (file: Buffer) => sharp(file).removeAlpha().raw().toBuffer();
/** Mean difference in levels. */
async function apart(a: Buffer, b: Buffer): Promise<number> {
  const [first, second] = await Promise.all([pixels(a), pixels(b)]);
  expect(first.length).toBe(second.length);
  return first.reduce((sum, value, i) => sum + Math.abs(value - (second[i] ?? 0)), 0) / first.length;
}
const bytesOf = async (download: Promise<Download>) => readFileSync(await (await download).path());
async function recipeOf(file: Buffer): Promise<string | undefined> {
  const { comments } = await sharp(file).metadata();
  return comments?.find(({ keyword }) => keyword === 'inlay')?.text;
}
/** What lies in the clipboard, as the browser gives it to pages. */
async function copied(page: Page): Promise<Buffer> {
  const address = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const png = (await item?.getType('image/png')) ?? new Blob();
    const reader = new FileReader();
    return new Promise<string>((resolve) => {
      reader.onload = () => resolve(String(reader.result));
      reader.readAsDataURL(png);
    });
  });
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64');
}

test('the original, a result, after "Continue", painted on, drawn out: downloaded, saved by key and copied @smoke', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const editor = await open(page);
  const copy = page.getByRole('button', { name: 'Copy', exact: true });
  const byKey = async () => {
    const download = page.waitForEvent('download');
    await page.keyboard.press('Control+s');
    return download;
  };

  // The original is a JPEG; one press gives PNG.
  const place = await editor.download.boundingBox();
  const original = await editor.saved();
  expect(await sharp(original).metadata()).toMatchObject({ format: 'png', width: 1200, height: 799 });
  expect(await apart(original, readFileSync('public/samples/sample.jpg'))).toBeLessThan(1);
  expect((await byKey()).suggestedFilename()).toBe('sample.png');

  const result = await editor.run();
  expect(await recipeOf(result)).toContain('"model_name":"starter"');
  expect(await apart(result, original)).toBeGreaterThan(1);
  await copy.click();
  const said = page.getByRole('status').filter({ hasText: /^Copied$/ });
  await expect(said).toHaveCount(1);
  expect(await apart(await copied(page), result)).toBe(0);
  await expect(said).toHaveCount(0);

  await page.keyboard.press('v');
  await expect(editor.result).toHaveCount(0);
  expect((await editor.saved()).equals(result)).toBe(true);
  expect(await editor.download.boundingBox()).toEqual(place);

  // Another result, painted on.
  const second = await editor.run();
  await editor.drag([0.3, 0.3], [0.35, 0.35]);
  await expect(editor.result).toHaveCount(0);
  const saved = await byKey();
  expect(saved.suggestedFilename()).toBe('sample-inlay-2.png');
  expect(readFileSync(await saved.path()).equals(second)).toBe(true);
  await editor.canvas.focus();
  await page.keyboard.press('Control+c');
  await expect(said).toHaveCount(1);
  expect(await apart(await copied(page), second)).toBe(0);

  // Text that is selected stays what is copied.
  await page.getByRole('heading', { name: 'Inlay' }).selectText();
  await page.keyboard.press('Control+c');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('Inlay');
  await page.evaluate(() => getSelection()?.removeAllRanges());

  await page.getByRole('button', { name: 'Outpaint: extend the canvas' }).click();
  await page.getByRole('spinbutton', { name: 'Extend right' }).fill('40');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByText('The model sees')).toContainText('of 1240 × 799');
  await editor.filledBeneath();
  const wider = await editor.saved();
  expect(await sharp(wider).metadata()).toMatchObject({ width: 1240, height: 799 });
  // The seam is blended in the last 16 columns.
  const left = { left: 0, top: 0, width: 1184, height: 799 };
  const kept = await sharp(second).extract(left).png().toBuffer();
  expect(await apart(await sharp(wider).extract(left).png().toBuffer(), kept)).toBe(0);
});

test('JPEG and WebP from the menu carry the settings; on a phone all stand in one place', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const editor = await open(page);
  await page.getByText('Model, steps').click();
  const place = await editor.download.boundingBox();
  const png = await editor.run();
  expect(await editor.download.boundingBox()).toEqual(place);
  for (const [name, format] of [
    ['JPEG', 'jpeg'],
    ['WebP', 'webp'],
  ] as const) {
    await page.getByRole('button', { name: 'Download as' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name }).click();
    const file = await bytesOf(download);
    const { exif, ...found } = await sharp(file).metadata();
    expect(found).toMatchObject({ format, width: 1200, height: 799 });
    expect(exif?.includes('starter') || exif?.toString('utf16le').includes('starter')).toBe(true);
    expect(await apart(file, png)).toBeLessThan(3);
    expect(file.length).toBeLessThan(png.length / 2);
  }
});

test('a browser that lets nothing be copied says so, and what it said goes with the next success', async ({
  page,
}) => {
  await page.addInitScript(() => {
    const write = navigator.clipboard.write.bind(navigator.clipboard);
    let refused = 0;
    navigator.clipboard.write = async (items) => {
      refused += 1;
      if (refused === 1) throw new DOMException('Write permission denied.', 'NotAllowedError');
      return write(items);
    };
  });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  const copy = page.getByRole('button', { name: 'Copy', exact: true });
  await copy.click();
  const alert = page.getByRole('alert').filter({ hasText: 'The image was not copied' });
  await expect(alert).toContainText('try again, or download the image');
  await copy.click();
  await expect(alert).toHaveCount(0);
});
