/**
 * "Select object" with its own model, in the page as `npm start` has built it: the download that is asked for once, what presses
 * and boxes take, by mouse and by touch, and the second visit without a network. Pixels of the saved mask are looked at.
 */
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { EditorPage } from '../test/support/pages/editorPage';
import { takeFile } from '../test/support/pages/takeFile';
import { expect, test } from '../test/support/pages/test';

const [WIDTH, HEIGHT] = [600, 338];
/** Places of the camels in the image: the young one's back, its neck and its leg, and the large one's side. */
const young = { x: 110, y: 170 };
const neck = { x: 182, y: 188 };
const large = { x: 340, y: 140 };
const sky = { x: 110, y: 60 };
const grass = { x: 180, y: 322 };
/** A busy machine takes long to read the image. */
const READING_MS = 150_000;

interface Place {
  x: number;
  y: number;
}

class SelectPage extends EditorPage {
  async start(path: string): Promise<void> {
    await sharp('test/pictures/camels.jpg').resize(WIDTH, HEIGHT).png().toFile(path);
    await this.open('./');
    await this.openFile(path);
    await expect(this.page.getByText('The model sees')).toHaveCount(0);
  }

  /** Where a place of the image is on the page. */
  async at({ x, y }: Place): Promise<Place> {
    // The shadow lies exactly beneath the image.
    const box = await this.page.locator('.canvas-shadow').boundingBox();
    if (!box) throw new Error('no image is shown');
    return { x: box.x + (x / WIDTH) * box.width, y: box.y + (y / HEIGHT) * box.height };
  }

  async press(place: Place, key?: 'Alt'): Promise<void> {
    const { x, y } = await this.at(place);
    if (key) await this.page.keyboard.down(key);
    await this.page.mouse.click(x, y);
    if (key) await this.page.keyboard.up(key);
  }

  get note() {
    return this.page.getByRole('status', { name: 'Select object' });
  }

  /** Waits until nothing is being fetched, read or selected. */
  async answered(): Promise<void> {
    await expect(this.note).toBeHidden({ timeout: READING_MS });
    await expect(this.page.locator('.draft circle')).toHaveCount(0, { timeout: READING_MS });
  }

  /** Whether each of the places is masked, by the saved file. */
  async masked(...places: Place[]): Promise<boolean[]> {
    const saved = await takeFile(this.page, async () => {
      await this.canvas.focus();
      await this.page.keyboard.press('Control+Shift+S');
    });
    const { data, info } = await sharp(saved.bytes).greyscale().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([WIDTH, HEIGHT]);
    return places.map(({ x, y }) => (data[y * info.width + x] ?? 0) >= 128);
  }
}

async function takeUp(page: Page, path: string): Promise<SelectPage> {
  const editor = new SelectPage(page);
  await editor.start(path);
  await editor.tool('Select object').click();
  await expect(editor.note).toContainText('needs a model of 23 MB, once');
  return editor;
}

test('asks once for its model, then a press takes the thing there; exclude, box, undo; offline the second time', async ({
  page,
  context,
}, info) => {
  const editor = await takeUp(page, info.outputPath('camels.png'));
  // A press before the answer waits for it.
  await editor.press(young);
  await page.getByRole('button', { name: 'Get it' }).click();
  await editor.answered();
  expect(await editor.masked(young, neck, large, sky, grass)).toEqual([true, true, false, false, false]);

  // Alt takes away what does not belong to it, within the same step: one undo leaves nothing.
  await editor.press(neck, 'Alt');
  await editor.answered();
  expect((await editor.masked(young, neck))[1]).toBe(false);
  await editor.undo.click();
  expect(await editor.masked(young, neck)).toEqual([false, false]);

  // A box around the large one; the young one is added by a press, and subtracted again.
  const [from, to] = [await editor.at({ x: 200, y: 35 }), await editor.at({ x: 570, y: 297 })];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, to.y, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  await expect(editor.undo).toBeEnabled();
  await expect
    .poll(() => editor.masked(large, young, sky), { timeout: READING_MS })
    .toEqual([true, false, false]);
  await editor.press(young);
  await expect.poll(() => editor.masked(large, young), { timeout: READING_MS }).toEqual([true, true]);
  await page.getByRole('button', { name: 'Subtract from the mask' }).click();
  await editor.press(young);
  await expect.poll(() => editor.masked(large, young), { timeout: READING_MS }).toEqual([true, false]);

  // Without a network, in a page opened anew: nothing is asked, and nothing fetched.
  await page.getByText('works offline').first().waitFor();
  // The work is kept a moment after the last change of the mask.
  await page.waitForTimeout(2000);
  await context.setOffline(true);
  await page.reload();
  await editor.ready();
  await editor.tool('Clear mask').click();
  await editor.tool('Select object').click();
  await page.getByRole('button', { name: 'Add to the mask' }).click();
  await editor.press(young);
  await editor.answered();
  await expect.poll(() => editor.masked(young, large), { timeout: READING_MS }).toEqual([true, false]);
});

test.describe('by touch', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 412, height: 830 } });

  test('a tap selects, and with “Exclude” takes away', async ({ page }, info) => {
    const editor = await takeUp(page, info.outputPath('camels.png'));
    await page.getByRole('button', { name: 'Get it' }).tap();
    const tap = async (place: Place) => {
      const { x, y } = await editor.at(place);
      await page.touchscreen.tap(x, y);
    };
    await tap(young);
    await editor.answered();
    expect(await editor.masked(young, large, sky)).toEqual([true, false, false]);
    await page.getByRole('button', { name: 'Exclude what is pressed' }).tap();
    await tap(neck);
    await editor.answered();
    expect((await editor.masked(neck))[0]).toBe(false);
  });
});
