/** Masks from files as people make them: lossy, in colour, on transparency, empty; and the other reading at a press. */
import { readFileSync } from 'node:fs';
import type { Page, TestInfo } from '@playwright/test';
import sharp, { type Sharp } from 'sharp';
import { EditorPage } from '../test/support/pages/editorPage';
import { harnessPage } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';

const [WIDTH, HEIGHT] = [320, 240];
const PIXELS = WIDTH * HEIGHT;
/** Inside an ellipse of 90 × 70 pixels. */
const isInside = (i: number) =>
  (((i % WIDTH) - 144) / 45) ** 2 + ((Math.floor(i / WIDTH) - 130) / 35) ** 2 <= 1;
const insideCount = Array.from({ length: PIXELS }, (_, i) => i).filter(isInside).length;

function ellipse(inside: readonly number[], outside: readonly number[]): Sharp {
  const channels = inside.length as 3 | 4;
  const data = new Uint8Array(PIXELS * channels);
  for (let i = 0; i < PIXELS; i++) data.set(isInside(i) ? inside : outside, i * channels);
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

class MaskReadingPage extends EditorPage {
  readonly note = this.page.locator('.stage-alert');

  constructor(
    page: Page,
    private readonly info: TestInfo,
  ) {
    super(page);
  }

  async start(): Promise<void> {
    await this.open(harnessPage('index.html?ms=5'));
    const path = this.info.outputPath('scene.png');
    const background = { r: 90, g: 120, b: 150 };
    await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background } }).toFile(path);
    await this.openFile(path);
    await expect(this.page.getByText('The model sees')).toHaveCount(0);
  }

  async import(name: string, image: Buffer): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: 'Mask menu' }).click();
    await this.page.getByRole('button', { name: 'Import mask' }).click();
    await (await chooser).setFiles({ name, mimeType: 'image/png', buffer: image });
    await this.page.keyboard.press('Escape');
  }

  /** The mask that "Save mask" gives: how many pixels are painted in full, and how many at all. */
  async painted(): Promise<{ full: number; outside: number; any: number }> {
    await expect(this.canvas).toHaveAttribute('aria-busy', 'false');
    const download = this.page.waitForEvent('download');
    await this.canvas.focus();
    await this.page.keyboard.press('Control+Shift+S');
    const file = readFileSync(await (await download).path());
    const data = await sharp(file).extractChannel(0).raw().toBuffer();
    const counts = { full: 0, outside: 0, any: 0 };
    data.forEach((value, i) => {
      if (value === 255) counts.full += 1;
      if (value > 0) counts.any += 1;
      if (value > 0 && !isInside(i)) counts.outside += 1;
    });
    return counts;
  }
}

async function start(page: Page, info: TestInfo): Promise<MaskReadingPage> {
  const editor = new MaskReadingPage(page, info);
  await editor.start();
  return editor;
}

const white = [255, 255, 255];
const black = [0, 0, 0];
const exact = { full: insideCount, outside: 0, any: insideCount };

test('lossy masks, and a black that is not quite black, are read as the clean ones', async ({
  page,
}, info) => {
  const editor = await start(page, info);
  const files = {
    'mask.webp': await ellipse(white, black).webp({ quality: 80 }).toBuffer(),
    // Its name says PNG, which is all that the browser goes by.
    'mask.png': await ellipse(white, black).jpeg({ quality: 85 }).toBuffer(),
    'black of 3.png': await ellipse(white, [3, 3, 3]).png().toBuffer(),
  };
  for (const [name, file] of Object.entries(files)) {
    await editor.import(name, file);
    await expect.poll(() => editor.painted(), name).toEqual(exact);
    await expect(editor.note).toHaveText('');
    await editor.undo.click();
    await expect(editor.undo).toBeDisabled();
  }
  // Strong compression moves the edge itself by a pixel or two, and nothing beyond.
  await editor.import('strong.webp', await ellipse(white, black).webp({ quality: 20 }).toBuffer());
  await expect.poll(async () => (await editor.painted()).any).toBeGreaterThan(0.98 * insideCount);
  expect((await editor.painted()).outside).toBeLessThan(0.02 * insideCount);
});

test('a mask that paints nothing is not taken, and the sentence says what was found', async ({
  page,
}, info) => {
  const editor = await start(page, info);
  await editor.import('true.png', await ellipse(white, black).png().toBuffer());
  await expect.poll(() => editor.painted()).toEqual(exact);
  const alert = page.getByRole('alert').filter({ hasText: 'was not taken' });
  for (const [inside, says] of [
    [black, 'the mask is all black'],
    [[1, 1, 1], 'nothing in the mask is white: its largest value is 1 of 255'],
    [[0, 0, 0, 0], 'the mask is fully transparent'],
  ] as const) {
    await editor.import(
      'empty.png',
      await ellipse(
        inside,
        inside.map(() => 0),
      )
        .png()
        .toBuffer(),
    );
    await expect(alert).toContainText(`“empty.png” was not taken: ${says}`);
  }
  expect(await editor.painted()).toEqual(exact);
});

/** In colour, then by its brightness, then as before: each a step of undo. */
async function readInAnotherWay(editor: MaskReadingPage, press: (name: string) => Promise<void>) {
  await editor.import('red.png', await ellipse([255, 0, 0], black).png().toBuffer());
  await expect(editor.note).toContainText(
    'The mask is in colour: all colours count as painted, black is kept.',
  );
  await expect.poll(() => editor.painted()).toEqual(exact);
  await press('Read its brightness');
  await expect(editor.note).toContainText('now read by its brightness');
  // 76 of 255.
  await expect.poll(() => editor.painted()).toEqual({ full: 0, outside: 0, any: insideCount });
  await press('Read it as before');
  await expect.poll(() => editor.painted()).toEqual(exact);
  await expect(editor.note).toContainText('in colour');
  await press('Undo');
  await expect.poll(() => editor.painted()).toEqual({ full: 0, outside: 0, any: insideCount });
  // It is about the mask that was there.
  await expect(editor.note).toHaveText('');
}

test('a mask in colour or on transparency says how it was read, and is read otherwise at a press', async ({
  page,
}, info) => {
  const editor = await start(page, info);
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  await readInAnotherWay(editor, press);
  await editor.import('alpha.png', await ellipse([0, 0, 0, 255], [0, 0, 0, 0]).png().toBuffer());
  await expect(editor.note).toContainText('partly transparent: opaque parts count as painted');
  await expect.poll(() => editor.painted()).toEqual(exact);
  await page.screenshot({ path: info.outputPath('note.png') });
  await press('Invert it');
  const others = PIXELS - insideCount;
  await expect.poll(() => editor.painted()).toEqual({ full: others, outside: others, any: others });
  // What is painted by hand is no longer the file's mask.
  await editor.drag([0.5, 0.5], [0.52, 0.5]);
  await expect(editor.note).toHaveText('');
  await editor.import('white.png', await ellipse(white, white).png().toBuffer());
  await expect(editor.note).toContainText('The mask covers 100 % of the image.');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('the other reading is a tap away', async ({ page }, info) => {
    const editor = await start(page, info);
    const tap = (name: string) => page.getByRole('button', { name, exact: true }).tap();
    await readInAnotherWay(editor, tap);
    await editor.import('red.png', await ellipse([255, 0, 0], black).png().toBuffer());
    await expect(editor.note).toContainText('in colour');
    const button = page.getByRole('button', { name: 'Read its brightness' });
    expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    await page.screenshot({ path: info.outputPath('note.png') });
  });
});
