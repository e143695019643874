/**
 * The page as a person uses it, around the harness's engine: what concerns the editor and the panels. That
 * the real engine works in it is another spec's subject.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { openHarness } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';

const sample = new URL('../public/samples/', import.meta.url);
/** Decoded by libvips, RGB; the page decodes with the browser's libjpeg, so pictures come as PNG here. */
async function pixels(file: Buffer | string) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** A PNG whose every pixel says where it is. */
async function writePicture(path: string, width: number, height: number): Promise<void> {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[i * 3] = i % 256;
    data[i * 3 + 1] = (i >> 8) % 256;
    data[i * 3 + 2] = 40;
  }
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

test('opens with the sample, and one press of Generate repaints the masked part alone', async ({ page }) => {
  const editor = await openHarness(page);
  await expect(editor.prompt).toHaveValue(
    JSON.parse(readFileSync(new URL('sample.json', sample), 'utf8')).prompt,
  );
  await expect(editor.model).toHaveValue('starter');
  await expect(page.getByText('Starter model', { exact: true })).toBeVisible();
  await editor.seed.fill('3');
  const first = await pixels(await editor.run());
  expect(first).toMatchObject({ width: 1200, height: 799 });
  const mask = await sharp(readFileSync(new URL('sample-mask.png', sample)))
    .extractChannel(0)
    .raw()
    .toBuffer();

  // The same seed paints the same; another one differs inside the mask and nowhere else.
  expect(Buffer.compare((await pixels(await editor.run())).data, first.data)).toBe(0);
  await editor.seed.fill('4');
  const second = await pixels(await editor.run());
  let outside = 0;
  let inside = 0;
  for (let i = 0; i < mask.length; i++) {
    const differs = first.data.compare(second.data, i * 3, i * 3 + 3, i * 3, i * 3 + 3) !== 0;
    if (differs && (mask[i] ?? 0) < 128) outside += 1;
    if (differs && (mask[i] ?? 0) >= 128) inside += 1;
  }
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(10_000);
});

test('own picture: open, paint, undo, redo, erase, invert, clear; the rest stays byte for byte @smoke', async ({
  page,
}, info) => {
  const editor = await openHarness(page);
  const path = info.outputPath('mine.png');
  await writePicture(path, 640, 480);
  await editor.openFile(path);
  await expect(editor.generate).toBeEnabled();
  await expect(editor.undo).toBeDisabled();
  await editor.generate.click();
  await expect(page.getByRole('alert').filter({ hasText: 'Paint over the area' })).toBeVisible();

  await editor.drag([0.4, 0.4], [0.6, 0.5]);
  await expect(editor.undo).toBeEnabled();
  const label = page.getByText('The model sees');
  await expect(label).toHaveText(/of 640 × 480/);
  await editor.undo.click();
  await expect(label).toHaveCount(0);
  await page.keyboard.press('Control+Shift+Z');
  await expect(label).toHaveCount(1);

  const before = await pixels(path);
  const after = await pixels(await editor.run());
  const changed = { left: 640, right: 0, top: 480, bottom: 0, count: 0 };
  for (let i = 0; i < 640 * 480; i++) {
    if (before.data.compare(after.data, i * 3, i * 3 + 3, i * 3, i * 3 + 3) === 0) continue;
    const [x, y] = [i % 640, Math.floor(i / 640)];
    changed.count += 1;
    changed.left = Math.min(changed.left, x);
    changed.right = Math.max(changed.right, x);
    changed.top = Math.min(changed.top, y);
    changed.bottom = Math.max(changed.bottom, y);
  }
  // A stroke around the middle, of a brush of 480 / 12 = 40 pixels: well within these bounds.
  expect(changed.count).toBeGreaterThan(1000);
  expect(changed.left).toBeGreaterThan(640 * 0.2);
  expect(changed.right).toBeLessThan(640 * 0.8);
  expect(changed.top).toBeGreaterThan(480 * 0.2);
  expect(changed.bottom).toBeLessThan(480 * 0.8);

  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await editor.tool('Eraser').click();
  await editor.drag([0.4, 0.4], [0.6, 0.5]);
  await expect(label).toHaveCount(0);
  await editor.tool('Invert mask').click();
  await expect(label).toHaveText(/480 × 480|640 × 480/);
  await editor.tool('Clear mask').click();
  await expect(label).toHaveCount(0);
  await page.keyboard.press('Control+Z');
  await expect(label).toHaveCount(1);
});

test('shows progress and a way out; cancelling leaves the page usable', async ({ page }) => {
  const editor = await openHarness(page, 'ms=20&hold=5');
  await editor.steps.fill('25');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('step 5 of 25')).toBeVisible();
  await expect(editor.progress).toHaveAttribute('aria-valuenow', '20');
  await expect(editor.generate).toBeDisabled();
  await editor.cancel.click();
  await expect(editor.progress).toHaveCount(0);
  await expect(editor.result).toHaveCount(0);
  await expect(page.getByRole('alert').filter({ hasText: /./ })).toHaveCount(0);
  await editor.steps.fill('4');
  await editor.run();
});

test('bad input names the field or the file and keeps what was painted', async ({ page }, info) => {
  const editor = await openHarness(page);
  await editor.drag([0.7, 0.2], [0.8, 0.3]);
  const label = page.getByText('The model sees');
  const painted = await label.textContent();
  await editor.steps.fill('151');
  await editor.guidance.fill('20.5');
  await editor.generate.click();
  await expect(editor.steps).toHaveAccessibleDescription(/0 to 150/);
  await expect(editor.guidance).toHaveAccessibleDescription(/0 to 20/);
  await expect(editor.progress).toHaveCount(0);
  await editor.steps.fill('3');
  await expect(editor.steps).not.toHaveAttribute('aria-invalid', 'true');

  const path = info.outputPath('holiday.png');
  writeFileSync(path, 'This is no picture.');
  await editor.openFile(path);
  await expect(page.getByRole('alert').filter({ hasText: 'holiday.png' })).toBeVisible();
  expect(await label.textContent()).toBe(painted);
  await expect(editor.undo).toBeEnabled();
});

test('drop and paste open pictures', async ({ page }) => {
  const editor = await openHarness(page);
  const give = (kind: 'drop' | 'paste', size: number) =>
    page.evaluate(
      async ([type, side]) => {
        const canvas = new OffscreenCanvas(side, side / 2);
        canvas.getContext('2d')?.fillRect(0, 0, 9, 9);
        const data = new DataTransfer();
        data.items.add(new File([await canvas.convertToBlob()], 'given.png', { type: 'image/png' }));
        if (type === 'drop') window.dispatchEvent(new DragEvent('drop', { dataTransfer: data }));
        else window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));
      },
      [kind, size] as const,
    );
  const label = page.getByText('The model sees');
  for (const [kind, size] of [
    ['drop', 700],
    ['paste', 900],
  ] as const) {
    await give(kind, size);
    await expect(label).toHaveCount(0);
    await editor.tool('Invert mask').click();
    await expect(label).toContainText(`of ${size} × ${size / 2}`);
  }
});

test('a photograph taken sideways opens upright', async ({ page }, info) => {
  const editor = await openHarness(page);
  const path = info.outputPath('sideways.jpg');
  const background = { r: 90, g: 120, b: 60 };
  await sharp({ create: { width: 600, height: 400, channels: 3, background } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toFile(path);
  await editor.openFile(path);
  await expect(page.getByText('The model sees')).toHaveCount(0);
  await editor.tool('Invert mask').click();
  await expect(page.getByText('The model sees')).toContainText('of 400 × 600');
});

test('versions: shown, continued from, and the keys for tools and brush', async ({ page }) => {
  const editor = await openHarness(page);
  await editor.steps.fill('2');
  await editor.run();
  await editor.run();
  const versions = page.getByRole('list', { name: 'Versions' });
  await expect(versions.getByRole('button')).toHaveCount(3);
  await versions.getByRole('button').nth(1).click();
  await expect(versions.getByRole('button').nth(1)).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: 'Continue from this version' }).click();
  await expect(editor.result).toHaveCount(0);
  await expect(versions.getByRole('button').nth(1)).toHaveAccessibleName(/on the canvas/);

  await editor.canvas.focus();
  await page.keyboard.press('e');
  await expect(editor.tool('Eraser')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('b');
  await expect(editor.tool('Brush')).toHaveAttribute('aria-pressed', 'true');
  const size = page.getByRole('slider', { name: 'Brush size' });
  const before = Number(await size.getAttribute('aria-valuenow'));
  await page.keyboard.press(']');
  await page.keyboard.press(']');
  expect(Number(await size.getAttribute('aria-valuenow'))).toBeGreaterThan(before);
  await editor.prompt.fill('be');
  await expect(editor.tool('Brush')).toHaveAttribute('aria-pressed', 'true');
});

test('wheel zooms about the pointer, and the picture fits again', async ({ page }) => {
  const editor = await openHarness(page);
  const scale = page.getByRole('button', { name: 'Actual size' });
  const fitted = await scale.textContent();
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('no canvas');
  await page.mouse.move(box.x + box.width / 3, box.y + box.height / 3);
  await page.mouse.wheel(0, -400);
  await expect(scale).not.toHaveText(fitted ?? '');
  await page.keyboard.press('0');
  await expect(scale).toHaveText(fitted ?? '');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  test('a finger paints, everything is within reach, nothing scrolls sideways', async ({ page }) => {
    const editor = await openHarness(page);
    await editor.tool('Clear mask').tap();
    await expect(page.getByText('The model sees')).toHaveCount(0);
    await editor.canvas.tap();
    await expect(page.getByText('The model sees')).toHaveCount(1);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    for (const control of [
      editor.generate,
      editor.undo,
      editor.tool('Brush'),
      page.getByRole('button', { name: 'Open image' }),
    ]) {
      const box = await control.boundingBox();
      expect(box?.height).toBeGreaterThanOrEqual(40);
      expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(390);
    }
    await editor.generate.tap();
    await expect(editor.result).toBeVisible({ timeout: 60_000 });
    await expect(editor.download).toBeVisible();
  });
});
