/** Nothing is out of reach: keyboards of other letters, phones with all settings unfolded, pictures of the mask's own colour. */
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { openHarness } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';

interface Key {
  type: 'keydown' | 'keyup';
  key: string;
  code: string;
  altKey?: boolean;
  ctrlKey?: boolean;
}

/** A key as a keyboard of another layout sends it, which Playwright's own keyboard cannot. */
function send(page: Page, ...[type, key, code, held]: [Key['type'], string, string, Partial<Key>?]) {
  return page.evaluate(
    ({ type: name, ...init }: Key) => {
      document.body.dispatchEvent(new KeyboardEvent(name, { ...init, bubbles: true, cancelable: true }));
    },
    { type, key, code, ...held },
  );
}

test('on a Cyrillic keyboard comparing ends with its key, and brackets are where they are', async ({
  page,
}) => {
  const editor = await openHarness(page);
  await editor.steps.fill('2');
  await editor.run();
  await send(page, 'keydown', 'с', 'KeyC');
  await expect(editor.result).toHaveCSS('clip-path', /100%/);
  await send(page, 'keyup', 'с', 'KeyC');
  await expect(editor.result).not.toHaveCSS('clip-path', /100%/);
  // The layout is switched while it is held.
  await send(page, 'keydown', 'c', 'KeyC');
  await expect(editor.result).toHaveCSS('clip-path', /100%/);
  await send(page, 'keyup', 'с', 'KeyC');
  await expect(editor.result).not.toHaveCSS('clip-path', /100%/);

  const size = page.getByRole('slider', { name: 'Brush size' });
  const now = async () => Number(await size.getAttribute('aria-valuenow'));
  const before = await now();
  await send(page, 'keydown', 'х', 'BracketLeft');
  await expect.poll(now).toBeLessThan(before);
  const smaller = await now();
  await send(page, 'keydown', ']', 'Digit9', { altKey: true, ctrlKey: true });
  await expect.poll(now).toBeGreaterThan(smaller);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('frame and canvas can be applied and left, also with the settings unfolded', async ({ page }) => {
    const editor = await openHarness(page);
    await editor.unfold();
    await page.getByRole('button', { name: 'Outpaint: extend the canvas' }).tap();
    const left = page.getByRole('spinbutton', { name: 'Extend left' });
    await expect(left).toBeInViewport();
    await left.fill('64');
    // Unfolded once more, they stay.
    await editor.unfold();
    await page.getByRole('button', { name: 'Apply' }).tap();
    await expect(page.getByText('The model sees')).toContainText(/of \d+ × \d+/);
    await editor.filledBeneath();
    await editor.unfold();
    await page.getByRole('button', { name: 'Adjust the frame' }).tap();
    await page.getByRole('button', { name: 'Done' }).tap();
    await expect(page.getByRole('toolbar', { name: 'Tool options' })).toBeAttached();
    await page.getByRole('button', { name: 'Outpaint: extend the canvas' }).tap();
    await page.getByRole('button', { name: 'Cancel' }).tap();
    await expect(left).toHaveCount(0);
  });
});

test('over an orange picture the mask is of another colour, until one is chosen', async ({ page }, info) => {
  const path = info.outputPath('orange.png');
  await sharp({ create: { width: 320, height: 240, channels: 3, background: '#f08040' } })
    .png()
    .toFile(path);
  const editor = await openHarness(page);
  await editor.openFile(path);
  await expect(page.getByText('The model sees')).toHaveCount(0);
  await editor.drag([0.4, 0.5], [0.6, 0.5]);
  // Of the mask as it is shown: its middle.
  const overlay = () =>
    page.evaluate(() => {
      const layer = document.querySelector<HTMLCanvasElement>('canvas.layer-mask');
      const context = layer?.getContext('2d');
      if (!layer || !context) return [0, 0, 0];
      return [...context.getImageData(layer.width / 2, layer.height / 2, 1, 1).data.subarray(0, 3)];
    });
  await expect.poll(async () => (await overlay())[0]).toBeLessThan(240);
  await page.getByRole('button', { name: 'Mask overlay' }).click();
  await page.getByRole('button', { name: 'Orange' }).click();
  await expect.poll(async () => (await overlay())[2]).toBeLessThan(90);
  await page.getByRole('button', { name: 'Auto:' }).click();
  await expect.poll(async () => (await overlay())[2]).toBeGreaterThan(90);
});
