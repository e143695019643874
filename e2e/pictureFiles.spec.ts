/** Files of many kinds and colours, from the moment that they are opened to what is downloaded. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { EditorPage } from '../test/support/pages/editorPage';
import { openHarness } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';

const PICTURES = 'test/pictures';
/** Width by height of whole.tif. */
const WHOLE = 72 / 40;

async function start(page: Page): Promise<EditorPage> {
  const editor = await openHarness(page);
  await editor.steps.fill('1');
  return editor;
}

/** Waits for a picture on the canvas by the shape of its thumbnail. */
const isOpen = (page: Page, shape: number) =>
  expect
    .poll(() =>
      page.evaluate(() => {
        const image = document.querySelector<HTMLImageElement>('img[src^="blob:"]');
        return image ? image.naturalWidth / image.naturalHeight : 0;
      }),
    )
    .toBeCloseTo(shape, 1);

/** Values as they stand in the file, four a pixel. */
const valuesOf = (file: Buffer | string) => sharp(file, { ignoreIcc: true }).ensureAlpha().raw().toBuffer();

test('a photograph in Display P3 keeps colours and profile through two runs, and as JPEG and WebP', async ({
  page,
}) => {
  const editor = await start(page);
  const source = `${PICTURES}/p3-greens.png`;
  await editor.openFile(source);
  await editor.tool('Brush').click();
  await editor.drag([0.48, 0.48], [0.52, 0.52]);
  const before = await valuesOf(source);
  const { icc } = await sharp(source).metadata();
  const kept = (file: Buffer) =>
    valuesOf(file).then((after) => {
      // Of the columns at the left and right nothing was painted.
      let worst = 0;
      for (let pixel = 0; pixel < 128 * 128; pixel++) {
        const x = pixel % 128;
        if (x > 16 && x < 112) continue;
        for (let i = pixel * 4; i < pixel * 4 + 4; i++)
          worst = Math.max(worst, Math.abs((after[i] ?? 0) - (before[i] ?? 0)));
      }
      return worst;
    });
  const first = await editor.run();
  expect(await valuesOf(first)).not.toEqual(before);
  expect(await kept(first)).toBeLessThanOrEqual(1);
  expect((await sharp(first).metadata()).icc).toEqual(icc);
  // Painted on from the result.
  await editor.drag([0.5, 0.46], [0.5, 0.54]);
  const second = await editor.run();
  expect(await kept(second)).toBeLessThanOrEqual(1);
  expect((await sharp(second).metadata()).icc).toEqual(icc);

  for (const type of ['image/jpeg', 'image/webp'] as const) {
    const encoded = Buffer.from(
      await page.evaluate(async (wanted) => {
        const image = document.querySelector<HTMLImageElement>('img[alt="Result"]');
        const file = await (await fetch(image?.src ?? '')).blob();
        const made = await window.encodeAs?.(file, wanted);
        return [...new Uint8Array((await made?.arrayBuffer()) ?? new ArrayBuffer(0))];
      }, type),
    );
    const metadata = await sharp(encoded).metadata();
    expect(metadata.icc).toEqual(icc);
    expect(metadata.exif?.toString('latin1')).toContain('inlay');
    // Lossy, and of P3 still: in sRGB the greens would be one.
    expect(await kept(encoded)).toBeLessThanOrEqual(16);
  }
});

test('HEIC and TIFF open by decoders that are loaded then, also on the page as it is served', async ({
  page,
}) => {
  const loaded: string[] = [];
  page.on('request', (request) => {
    if (/libheif|geotiff/.test(request.url())) loaded.push(request.url());
  });
  const editor = new EditorPage(page);
  await editor.open('/');
  expect(loaded).toEqual([]);
  await editor.openFile(`${PICTURES}/sound.heic`);
  await isOpen(page, 4 / 3);
  expect(loaded.join()).toContain('libheif');
  await editor.openFile(`${PICTURES}/whole.tif`);
  await isOpen(page, WHOLE);
});

test('a TIFF is painted, downloaded and keeps its values; kinds that no browser opens are named', async ({
  page,
}, info) => {
  const editor = await start(page);
  await editor.openFile(`${PICTURES}/whole.tif`);
  await isOpen(page, WHOLE);
  await editor.tool('Brush').click();
  await editor.drag([0.48, 0.48], [0.52, 0.52]);
  const before = await valuesOf(`${PICTURES}/whole.tif`);
  const after = await valuesOf(await editor.run());
  expect(after.length).toBe(before.length);
  // Its uppermost rows were not painted.
  expect(after.subarray(0, 72 * 4 * 4)).toEqual(before.subarray(0, 72 * 4 * 4));

  const alert = page.locator('.stage-alert');
  const deep = info.outputPath('deep.tif');
  await sharp(`${PICTURES}/picture.png`).toColourspace('rgb16').tiff({ compression: 'lzw' }).toFile(deep);
  await editor.openFile(deep);
  await expect(alert).toContainText('its 16 bits a channel become 8');
  const named = async (name: string, bytes: string | Buffer, words: RegExp) => {
    const path = info.outputPath(name);
    writeFileSync(path, bytes);
    await editor.openFile(path);
    await expect(alert).toHaveText(words);
    await expect(alert).not.toHaveText(/damaged/);
  };
  await named(
    'layers.psd',
    '8BPS\0\x01',
    /of a kind that browsers cannot open: Photoshop \(PSD\)\. Convert it to PNG/,
  );
  await named('scan.jp2', Buffer.from('0000000c6a5020200d0a870a', 'hex'), /JPEG 2000/);
  await named('old.tga', Buffer.alloc(64), /TGA/);
  await named('drawing.png', '<svg xmlns="http://www.w3.org/2000/svg"/>', /is a drawing \(SVG\)/);
  const cut = info.outputPath('cut.heic');
  writeFileSync(cut, readFileSync(`${PICTURES}/sound.heic`).subarray(0, 700));
  await editor.openFile(cut);
  await expect(alert).toContainText('is damaged or cut off');
});

test('what is dragged is named over the whole page, and a model chosen as a picture is offered as a model', async ({
  page,
}, info) => {
  const editor = await start(page);
  const drag = (type: 'dragEnter' | 'dragCancel', mimeType: string) =>
    page.evaluate(
      ([kind, mime]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['x'], 'x', { type: mime }));
        const name = kind === 'dragEnter' ? 'dragenter' : 'dragleave';
        document.body.dispatchEvent(new DragEvent(name, { bubbles: true, dataTransfer }));
      },
      [type, mimeType] as const,
    );
  const hint = page.locator('.drop');
  await drag('dragEnter', 'image/png');
  await expect(hint).toHaveText('Drop the image to open it');
  const [box, view] = [await hint.boundingBox(), page.viewportSize()];
  expect(box && view && box.width / view.width).toBeGreaterThan(0.95);
  await drag('dragCancel', 'image/png');
  await expect(hint).toHaveCount(0);
  await drag('dragEnter', '');
  await expect(hint).toHaveText('Drop an image, its mask or a model to open it');
  await drag('dragCancel', '');

  const weights = info.outputPath('mine.safetensors');
  writeFileSync(weights, 'x');
  await editor.openFile(weights);
  await expect(page.getByRole('alert').filter({ hasText: 'is a model, not an image' })).toBeVisible();
  await info.attach('offer', {
    body: await page.screenshot(),
    contentType: 'image/png',
  });
  await page.getByRole('button', { name: 'Open as a model' }).click();
  await expect(page.getByText('is a model, not an image')).toHaveCount(0);
});

test('an address with a bare percent sign opens, and a wrong one leaves the field open', async ({ page }) => {
  const editor = await start(page);
  await page.route('https://pictures.test/**', async (route) => {
    const headers = { 'Access-Control-Allow-Origin': '*' };
    if (route.request().url().endsWith('none.png')) await route.fulfill({ status: 404, headers });
    else await route.fulfill({ path: `${PICTURES}/whole.tif`, contentType: 'image/tiff', headers });
  });
  const field = page.getByLabel('Image URL');
  await page.getByRole('button', { name: 'Other ways to open' }).click();
  await field.fill('pictures.test/none.png');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'pictures.test answered 404' })).toBeVisible();
  await expect(field).toHaveValue('pictures.test/none.png');
  await field.fill('https://pictures.test/100%.png');
  await page.keyboard.press('Enter');
  await isOpen(page, WHOLE);
  await expect(field).toHaveCount(0);
  await expect(editor.canvas).toBeVisible();
});

test('a picture of one pixel, and one under 64, are opened and painted', async ({ page }, info) => {
  const editor = await start(page);
  const dot = info.outputPath('dot.png');
  await sharp({ create: { width: 1, height: 1, channels: 3, background: '#888' } })
    .png()
    .toFile(dot);
  for (const [path, width, height] of [
    [`${PICTURES}/tiny.png`, 40, 24],
    [dot, 1, 1],
  ] as const) {
    await editor.openFile(path);
    await isOpen(page, width / height);
    await editor.tool('Invert mask').click();
    await expect(page.getByText('The model sees')).toContainText(`of ${width} × ${height}`);
    expect(await sharp(await editor.run()).metadata()).toMatchObject({ width, height });
  }
});
