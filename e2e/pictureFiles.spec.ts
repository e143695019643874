/** Files of many kinds and colours, from the moment that they are opened to what is downloaded. */
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { EditorPage } from './pages/editorPage';
import { harnessPage } from './pages/harness';
import { expect, test } from './pages/test';

const PICTURES = 'src/testing/pictures';

async function start(page: Page): Promise<EditorPage> {
  const editor = new EditorPage(page);
  await editor.open(harnessPage('index.html?ms=5'));
  await editor.steps.fill('1');
  return editor;
}

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
