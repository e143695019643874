/** Attempts to lose what was painted, and pictures of unusual kinds: all work, or end in a clear message. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import sharp, { type Sharp } from 'sharp';
import { EditorPage, withSample } from '../test/support/pages/editorPage';
import { harnessPage, openHarness } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';
import { decode, photograph } from '../test/support/pictures';

async function start(page: Page): Promise<EditorPage> {
  const editor = await openHarness(page);
  await editor.steps.fill('1');
  return editor;
}

/** The mask as "Save mask" gives it: one grey a pixel. */
async function maskOf(editor: EditorPage): Promise<Buffer> {
  await expect(editor.canvas).toHaveAttribute('aria-busy', 'false');
  const download = editor.page.waitForEvent('download');
  await editor.canvas.focus();
  await editor.page.keyboard.press('Control+Shift+S');
  return sharp(readFileSync(await (await download).path()))
    .extractChannel(0)
    .raw()
    .toBuffer();
}

/** As if it were dragged from elsewhere: the pointer may be held meanwhile. */
const drop = (page: Page, picture: Buffer) =>
  page.evaluate(
    (bytes) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(bytes)], 'other.png', { type: 'image/png' }));
      document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
    },
    [...picture],
  );

const keptDrafts = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('inlay-drafts');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const db = opening.result;
          const count = db.transaction('drafts').objectStore('drafts').count();
          count.onsuccess = () => {
            db.close();
            resolve(count.result);
          };
        };
      }),
  );

test('a reload in the middle of a stroke, another picture, a window that shrinks: nothing painted is lost', async ({
  page,
  context,
}, info) => {
  const editor = await start(page);
  const [mine, other] = [info.outputPath('mine.png'), info.outputPath('other.png')];
  await photograph(mine);
  await photograph(other, 320, 200);
  const label = page.getByText('The model sees');
  await editor.openFile(mine);
  await expect(label).toHaveCount(0);
  await editor.drag([0.4, 0.4], [0.6, 0.5]);
  const painted = await maskOf(editor);
  await expect.poll(() => keptDrafts(page)).toBe(1);
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is not shown');
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.6);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.7);
  await editor.open(page.url());
  await page.mouse.up();
  // It is back without asking; what this tab holds, another one gets as a copy, when it asks for it.
  const note = page.getByText('Your last session was restored.');
  await expect(note).toBeVisible();
  await expect(label).toContainText('of 640 × 480');
  expect((await maskOf(editor)).equals(painted)).toBe(true);
  const second = await context.newPage();
  const copy = new EditorPage(second);
  await second.goto(page.url());
  await expect(second.getByText('Open in another tab')).toBeVisible();
  await second.getByRole('button', { name: 'Restore session' }).click();
  await copy.ready();
  expect((await maskOf(copy)).equals(painted)).toBe(true);
  await second.close();
  await editor.drag([0.5, 0.3], [0.55, 0.3]);
  await expect(note).toHaveCount(0);
  await editor.undo.click();
  expect((await maskOf(editor)).equals(painted)).toBe(true);

  // A run, then another picture by mistake, in the middle of a stroke: undo returns to mask and versions.
  await editor.run();
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  await expect(versions).toHaveCount(2);
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(editor.result).toHaveCount(0);
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.6);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.55, box.y + box.height * 0.65);
  await drop(page, readFileSync(other));
  await expect(label).toHaveCount(0);
  await page.mouse.up();
  await expect(versions).toHaveCount(1);
  await editor.undo.click();
  await expect(label).toContainText('of 640 × 480');
  await expect(versions).toHaveCount(2);
  // The stroke in hand was ended, and is a step of its own.
  await editor.undo.click();
  expect((await maskOf(editor)).equals(painted)).toBe(true);

  // The window shrinks in the middle of a stroke: the stroke goes on under the pointer, as one step.
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.6);
  await page.mouse.down();
  await page.setViewportSize({ width: 1200, height: 760 });
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5);
  await page.mouse.up();
  expect((await maskOf(editor)).equals(painted)).toBe(false);
  await editor.undo.click();
  expect((await maskOf(editor)).equals(painted)).toBe(true);
});

test('two tabs paint and run at once: each keeps its own, and the gallery has both', async ({
  page,
  context,
}) => {
  const first = await start(page);
  // Until then the other tab would be a first visit, too.
  await expect.poll(() => keptDrafts(page)).toBe(1);
  const second = new EditorPage(await context.newPage());
  await second.page.goto(withSample(harnessPage('index.html?ms=5')));
  // What the first tab works on is not taken from it.
  await second.page.getByRole('button', { name: 'Open the sample' }).click();
  await second.ready();
  await second.steps.fill('1');
  await first.drag([0.2, 0.3], [0.3, 0.35]);
  await second.drag([0.7, 0.3], [0.8, 0.35]);
  const masks = [await maskOf(first), await maskOf(second)] as const;
  expect(masks[0].equals(masks[1])).toBe(false);
  const results = await Promise.all([first.run(), second.run()]);
  expect(results.every((png) => png.byteLength > 0)).toBe(true);
  expect((await maskOf(first)).equals(masks[0])).toBe(true);
  expect((await maskOf(second)).equals(masks[1])).toBe(true);

  await page.getByRole('button', { name: 'Gallery' }).click();
  await expect(page.getByRole('list', { name: 'Results' }).getByRole('listitem')).toHaveCount(2);
  await page.keyboard.press('Escape');
  // A draft is written a moment after a change.
  await expect.poll(() => keptDrafts(page)).toBe(2);
  await second.page.reload();
  await second.ready();
  expect((await maskOf(second)).equals(masks[1])).toBe(true);
  expect((await maskOf(first)).equals(masks[0])).toBe(true);
});

test('a palm beside the pen, a capture that is lost: the stroke stays, and the canvas lives', async ({
  page,
}) => {
  const editor = await start(page);
  await editor.tool('Clear mask').click();
  const client = await page.context().newCDPSession(page);
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is not shown');
  const at = (x: number, y: number) => ({ x: box.x + x * box.width, y: box.y + y * box.height });
  const pen = (type: 'mousePressed' | 'mouseMoved' | 'mouseReleased', x: number, y: number) => {
    const buttons = type === 'mouseReleased' ? 0 : 1;
    const shared = { button: 'left', buttons, clickCount: 1, pointerType: 'pen', force: 1 } as const;
    return client.send('Input.dispatchMouseEvent', { type, ...at(x, y), ...shared });
  };
  const stroke = async (between: () => Promise<unknown>) => {
    await pen('mousePressed', 0.4, 0.5);
    await pen('mouseMoved', 0.5, 0.5);
    await between();
    await pen('mouseMoved', 0.6, 0.5);
    await pen('mouseReleased', 0.6, 0.5);
    return maskOf(editor);
  };
  const alone = await stroke(async () => {});
  expect(alone.some((value) => value === 255)).toBe(true);
  await editor.undo.click();
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: { x: number; y: number }[]) =>
    client.send('Input.dispatchTouchEvent', { type, touchPoints });
  const besidePalm = await stroke(async () => {
    await touch('touchStart', at(0.7, 0.8));
    await touch('touchMove', at(0.72, 0.82));
  });
  await touch('touchEnd');
  expect(besidePalm.equals(alone)).toBe(true);
  await editor.undo.click();

  // The browser takes the pointer away in the middle, as for a dialog of its own.
  await page.mouse.move(at(0.4, 0.5).x, at(0.4, 0.5).y);
  await page.mouse.down();
  await page.mouse.move(at(0.5, 0.5).x, at(0.5, 0.5).y);
  // It is told with the next event of the pointer.
  await editor.canvas.evaluate((element) => element.releasePointerCapture(1));
  await page.mouse.move(at(0.6, 0.7).x, at(0.6, 0.7).y);
  await page.mouse.up();
  const half = await maskOf(editor);
  expect(half.some((value) => value === 255)).toBe(true);
  await editor.undo.click();
  expect((await maskOf(editor)).every((value) => value === 0)).toBe(true);
  // A finger paints, alone: nothing of the lost pointer is left.
  await touch('touchStart', at(0.4, 0.5));
  await touch('touchMove', at(0.5, 0.5));
  await touch('touchEnd');
  expect((await maskOf(editor)).some((value) => value === 255)).toBe(true);
});

/** 96 × 64 pixels that say where they are, in colours that every gamut holds. */
function colours(channels: 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(96 * 64 * channels);
  for (let y = 0; y < 64; y++) {
    for (let x = 0; x < 96; x++) {
      const alpha = channels === 4 ? [y < 20 ? 0 : 255] : [];
      data.set([60 + x, 60 + 2 * y, 180 - x, ...alpha], (y * 96 + x) * channels);
    }
  }
  return sharp(data, { raw: { width: 96, height: 64, channels } });
}

test('kinds of pictures: all open, are run on and keep what is not masked', async ({ page }, info) => {
  const editor = await start(page);
  const flat = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#5a8' } });
  const kinds: [name: string, picture: Sharp][] = [
    ['16 bits.png', colours().toColourspace('rgb16').png()],
    ['cmyk.jpg', colours().toColourspace('cmyk').jpeg({ quality: 95 })],
    ['grey with alpha.png', colours(4).toColourspace('b-w').png()],
    ['alpha.webp', colours(4).webp({ lossless: true })],
    ['modern.avif', colours().avif({ quality: 90 })],
    ['wide gamut.png', colours().withIccProfile('p3').png()],
    ['dot.png', flat(1, 1).png()],
    ['column.png', flat(1, 8192).png()],
    ['row.png', flat(8192, 1).png()],
  ];
  for (const [name, picture] of kinds) {
    const path = info.outputPath(name);
    const { width, height } = await picture.toFile(path);
    await editor.openFile(path);
    await expect(page.getByText('The model sees'), name).toHaveCount(0);
    const isLine = Math.min(width, height) === 1;
    if (isLine) await editor.tool('Invert mask').click();
    else await page.mouse.click(...(await middleOf(editor)));
    await expect(page.getByText('The model sees'), name).toContainText(`of ${width} × ${height}`);
    const saved = await editor.run();
    expect(await sharp(saved).metadata(), name).toMatchObject({ width, height });
    if (isLine) continue;
    // Beside the dab in the middle every byte is what the browser decodes; of a wide gamut, what the file holds.
    const valuesOf = (file: Buffer | string) =>
      sharp(file, { ignoreIcc: true }).ensureAlpha().raw().toBuffer();
    const wanted = name.startsWith('wide')
      ? await valuesOf(path)
      : Buffer.from(await decodedInPage(page, readFileSync(path)));
    const found = await valuesOf(saved);
    const differing = (rows: [from: number, to: number]) =>
      found.compare(wanted, rows[0] * 96 * 4, rows[1] * 96 * 4, rows[0] * 96 * 4, rows[1] * 96 * 4) !== 0;
    expect(differing([0, 22]), name).toBe(false);
    expect(differing([42, 64]), name).toBe(false);
  }

  // A wide gamut's colours look as they did: within rounding they are those that the profile was made from.
  const wide = await decode(
    await sharp(info.outputPath('wide gamut.png')).toColourspace('srgb').png().toBuffer(),
  );
  const shown = Buffer.from(await decodedInPage(page, readFileSync(info.outputPath('wide gamut.png'))));
  let worst = 0;
  for (let i = 0; i < 96 * 64; i++)
    for (let c = 0; c < 3; c++)
      worst = Math.max(worst, Math.abs((wide.data[i * 3 + c] ?? 0) - (shown[i * 4 + c] ?? 0)));
  expect(worst).toBeLessThanOrEqual(2);

  // All eight ways in which a camera may have been held.
  for (let orientation = 1; orientation <= 8; orientation++) {
    const file = await colours().jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer();
    const upright = await decode(await sharp(file).rotate().png().toBuffer());
    const pixels = Buffer.from(await decodedInPage(page, file));
    expect(pixels.length, String(orientation)).toBe((upright.data.length / 3) * 4);
    let sum = 0;
    for (let i = 0; i < upright.data.length / 3; i++)
      sum += Math.abs((upright.data[i * 3] ?? 0) - (pixels[i * 4] ?? 0));
    expect(sum / (upright.data.length / 3), `orientation ${orientation}`).toBeLessThan(3);
  }
});

async function middleOf(editor: EditorPage): Promise<[x: number, y: number]> {
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is not shown');
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** A file as the page's own code decodes it, RGBA. */
async function decodedInPage(page: Page, file: Buffer): Promise<number[]> {
  return page.evaluate(
    async (bytes) => {
      const bitmap = await window.decodePicture?.(new Blob([new Uint8Array(bytes)]), 'a picture');
      if (!bitmap) throw new Error('the page has no harness');
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      if (!context) throw new Error('no canvas');
      context.drawImage(bitmap, 0, 0);
      return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
    },
    [...file],
  );
}
