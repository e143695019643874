/** Pictures that are damaged, too large, animated or transparent: a clear word, and nothing painted is lost. */
import { writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import type { Point } from '../src/image/geometry';
import { colorsIn, differing, HEIGHT, picture, start, WIDTH } from '../test/support/pages/maskPage';
import { expect, test } from '../test/support/pages/test';

test('bad pictures: a clear message or the first frame, and nothing painted is lost', async ({
  page,
}, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  await editor.draw({ x: 100, y: 100 });
  const painted = await editor.mask();
  const noise = Buffer.alloc(300 * 200 * 3, 7).map((_, i) => (i * 97) % 256);
  const jpeg = await sharp(noise, { raw: { width: 300, height: 200, channels: 3 } })
    .jpeg()
    .toBuffer();
  const cases: [name: string, content: Buffer, message: RegExp][] = [
    ['giant.png', giantPng(30_000, 30_000), /30000 × 30000 pixels; Inlay opens up to 8192/],
    ['text.png', Buffer.from('This is not an image.'), /not an image/],
    ['cut.jpg', jpeg.subarray(0, 700), /damaged or cut off/],
    ['drawing.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /SVG/],
  ];
  for (const [name, content, message] of cases) {
    const path = info.outputPath(name);
    writeFileSync(path, content);
    await editor.openFile(path);
    await expect(page.getByRole('alert').filter({ hasText: name })).toContainText(message);
    await page.getByRole('button', { name: 'Dismiss' }).click();
  }
  expect(differing(await editor.mask(), painted)).toBe(0);
  await expect(editor.undo).toBeEnabled();

  // Two frames, red and blue: the first is what opens
  const frame = (color: string) =>
    sharp({ create: { width: 64, height: 48, channels: 3, background: color } })
      .png()
      .toBuffer();
  const path = info.outputPath('moving.gif');
  await sharp([await frame('#ff0000'), await frame('#0000ff')], { join: { animated: true } })
    .gif({ delay: [50, 50] })
    .toFile(path);
  await editor.openFile(path);
  await editor.tool('Invert mask').click();
  await expect(page.getByText('The model sees')).toContainText('of 64 × 48');
  await page.keyboard.press('Delete');
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is not shown');
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2, width: 1, height: 1 };
  await expect.poll(async () => [...(await colorsIn(page, middle)).keys()]).toEqual(['255,0,0']);
});

test('transparency is shown, and kept through a run into the PNG; an address opens a picture', async ({
  page,
}, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  // Under the stripe at the lower border lies a checkerboard of two greys, in squares of 8; above it the picture.
  const colors = (imagePoint: Point) => colorsIn(page, { ...editor.at(imagePoint), width: 32, height: 12 });
  await expect.poll(async () => [...(await colors({ x: 40, y: 60 })).keys()]).toEqual(['60,60,60']);
  const board = await colors({ x: 100, y: HEIGHT - 15 });
  // 32 is two periods of 16, so both as often; where squares meet between pixels their greys mix.
  for (const grey of ['200,200,200', '244,244,244'])
    expect((board.get(grey) ?? 0) / (32 * 12), grey).toBeGreaterThan(0.35);
  await editor.draw({ x: 120, y: 60 });
  await editor.steps.fill('2');
  const { data } = await sharp(await editor.run())
    .raw()
    .toBuffer({ resolveWithObject: true });
  const before = picture();
  let changed = 0;
  for (let y = 120; y < HEIGHT; y++) {
    const row = y * WIDTH * 4;
    changed += before.compare(data, row, row + WIDTH * 4, row, row + WIDTH * 4) === 0 ? 0 : 1;
  }
  expect(changed).toBe(0);
  // Painted over and gone on from, the stripe is filled; in the original it is transparent still.
  const stripe = { x: 100, y: HEIGHT - 15 };
  await editor.draw({ x: 70, y: HEIGHT - 10 }, { x: 160, y: HEIGHT - 10 });
  await editor.run();
  await page.keyboard.press('v');
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  await expect(versions.nth(2)).toHaveAccessibleName(/on the canvas/);
  await versions.nth(0).click();
  await expect.poll(async () => (await colors(stripe)).get('200,200,200') ?? 0).toBeGreaterThan(100);

  await page.route('https://pictures.test/**', async (route) => {
    if (route.request().url().endsWith('gone.png')) await route.fulfill({ status: 404 });
    else {
      const body = await sharp({ create: { width: 90, height: 60, channels: 3, background: '#888' } })
        .png()
        .toBuffer();
      await route.fulfill({
        body,
        contentType: 'image/png',
        headers: { 'Access-Control-Allow-Origin': '*' },
      });
    }
  });
  const give = async (address: string) => {
    // It stays open where something is wrong with the address.
    const field = page.getByLabel('Image URL');
    if (!(await field.isVisible())) await page.getByRole('button', { name: 'Other ways to open' }).click();
    await field.fill(address);
    await page.keyboard.press('Enter');
  };
  await give('https://pictures.test/gone.png');
  await expect(page.getByRole('alert').filter({ hasText: 'pictures.test' })).toBeVisible();
  await give('https://pictures.test/a.png');
  await expect(page.getByText('The model sees')).toHaveCount(0);
  await editor.tool('Invert mask').click();
  await expect(page.getByText('The model sees')).toContainText('of 90 × 60');
  await page.getByRole('button', { name: 'Other ways to open' }).click();
  await page.getByRole('button', { name: 'Sample: add something' }).click();
  await expect(page.getByText('The model sees')).toContainText('of 1200 × 799');
});

/** A valid PNG of one grey: 112 MB of pixels at one bit each, half a megabyte as a file. */
function giantPng(width: number, height: number): Buffer {
  const chunk = (type: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(content.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // One bit a pixel, grey: 30,000 rows of 3,751 bytes, all zero.
  header.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc(height * (Math.ceil(width / 8) + 1)), { level: 1 });
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
