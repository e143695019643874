/**
 * "Select object" with its own model, in the page as `npm start` has built it: the download that is asked for once, what presses
 * and boxes take, by mouse and by touch, and the second visit without a network. Pixels of the saved mask are looked at.
 */
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { EditorPage } from '../test/support/pages/editorPage';
import { openHarness } from '../test/support/pages/harness';
import { meteredNetwork } from '../test/support/pages/states';
import { takeFile } from '../test/support/pages/takeFile';
import { expect, test } from '../test/support/pages/test';
import { maskOf } from '../test/support/pages/visit';

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

  /** Moves the keyboard's cursor from the middle of the image, one image pixel a press of Shift and an arrow. */
  async moveCursor({ x, y }: Place): Promise<void> {
    await this.canvas.focus();
    await this.page.keyboard.press('Enter');
    const [dx, dy] = [x - WIDTH / 2, y - HEIGHT / 2];
    for (let i = 0; i < Math.abs(dx); i++)
      await this.page.keyboard.press(dx < 0 ? 'Shift+ArrowLeft' : 'Shift+ArrowRight');
    for (let i = 0; i < Math.abs(dy); i++)
      await this.page.keyboard.press(dy < 0 ? 'Shift+ArrowUp' : 'Shift+ArrowDown');
  }

  /** What the masked pixels of a saved mask are: how many, and the box around them. */
  async area(): Promise<Record<'count' | 'left' | 'right' | 'top' | 'bottom', number>> {
    const mask = await maskOf(this.#visit);
    let [count, left, right, top, bottom] = [0, WIDTH, 0, HEIGHT, 0];
    mask.forEach((value, i) => {
      if (value === 0) return;
      count++;
      left = Math.min(left, i % WIDTH);
      right = Math.max(right, i % WIDTH);
      top = Math.min(top, Math.floor(i / WIDTH));
      bottom = Math.max(bottom, Math.floor(i / WIDTH));
    });
    return { count, left, right, top, bottom };
  }
  get #visit() {
    return { page: this.page, editor: this };
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

test('by keys and far in; one step of undo; grown, inverted, saved on transparency; it follows the version shown', async ({
  page,
}, info) => {
  const editor = await takeUp(page, info.outputPath('camels.png'));
  await page.getByRole('button', { name: 'Get it' }).click();
  const grow = page.getByRole('slider', { name: 'Grow the selection by' });
  await grow.focus();
  await page.keyboard.press('Home');

  // The keyboard's cursor stands for the pointer: Enter twice is a press.
  await editor.moveCursor(young);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect
    .poll(() => editor.masked(young, large, sky), { timeout: READING_MS })
    .toEqual([true, false, false]);
  const exact = await editor.area();
  // One step: undo leaves nothing, redo all of it.
  await editor.undo.click();
  expect((await editor.area()).count).toBe(0);
  await editor.redo.click();
  expect(await editor.area()).toEqual(exact);

  // What it covers, on transparency; then all but it.
  const cutOut = await takeFile(page, async () => {
    await editor.canvas.focus();
    await page.keyboard.press('Control+Shift+X');
  });
  expect(cutOut.name).toBe('camels-cut-out.png');
  const { data, info: size } = await sharp(cutOut.bytes).raw().toBuffer({ resolveWithObject: true });
  expect([size.width, size.height, size.channels]).toEqual([
    exact.right - exact.left + 1,
    exact.bottom - exact.top + 1,
    4,
  ]);
  const opacity = ({ x, y }: Place) => data[((y - exact.top) * size.width + x - exact.left) * 4 + 3];
  expect([opacity(young), opacity({ x: exact.left, y: exact.top })]).toEqual([255, 0]);
  await editor.tool('Invert mask').click();
  expect(await editor.masked(young, large, sky)).toEqual([false, true, true]);
  await editor.undo.click();

  // Grown by some pixels on each side, as for Remove.
  await page.getByRole('button', { name: 'Replace the mask' }).click();
  await grow.focus();
  for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowRight');
  await editor.press(young);
  await editor.answered();
  await expect.poll(async () => (await editor.area()).left).toBe(exact.left - 8);
  const grown = await editor.area();
  expect(grown.right).toBe(exact.right + 8);
  expect(grown.count).toBeGreaterThan(exact.count + 8 * 100);
  await grow.focus();
  await page.keyboard.press('Home');

  // Far in, where only a part of the image is in sight, the same thing is found.
  const { x, y } = await editor.at(young);
  await page.mouse.move(x, y);
  for (let i = 0; i < 3; i++) await page.mouse.wheel(0, -300);
  await expect(page.getByRole('button', { name: /^Actual size, now at [3-9]\d\d %/ })).toBeVisible();
  await page.mouse.click(x, y);
  await editor.answered();
  await expect.poll(async () => (await editor.area()).count).not.toBe(grown.count);
  expect(await editor.masked(young, large, sky)).toEqual([true, false, false]);
  await page.keyboard.press('0');

  // What has been removed cannot be selected in the result that is shown.
  await grow.focus();
  await page.keyboard.press('PageUp');
  await editor.takeAway();
  await expect(editor.result).toBeVisible();
  await editor.press(young);
  await expect(editor.result).toHaveCount(0);
  await editor.answered();
  const after = await editor.area();
  expect(after.count === 0 || Math.abs(after.count - exact.count) > exact.count / 4).toBe(true);
});

test('on mobile data it says so; its download shows how far it is, and can be stopped', async ({ page }) => {
  await meteredNetwork(page);
  const editor = await openHarness(page);
  await editor.tool('Select object').click();
  const note = page.getByRole('status', { name: 'Select object' });
  await expect(note).toContainText(
    'needs a model of 23 MB, once. Then it works offline. You seem to be on mobile data.',
  );
  await note.getByRole('button', { name: 'Get it' }).click();
  await expect(note).toContainText('Getting the model: 9 of 23 MB');
  await expect(note.getByRole('progressbar', { name: 'Getting the model' })).toBeVisible();
  await note.getByRole('button', { name: 'Stop' }).click();
  await expect(note).toContainText('needs a model of 23 MB');
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
