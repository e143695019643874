/**
 * The first minute with the page as `npm start` serves it, by mouse and by touch: open, remove a thing, take what is left
 * of it, compare, download. The pixels are looked at.
 */
import sharp from 'sharp';
import { EditorPage } from '../test/support/pages/editorPage';
import { layouts } from '../test/support/pages/states';
import { expect, test } from '../test/support/pages/test';
import { brightness, changedBy, maskOf, roughness, whiteIn } from '../test/support/pages/visit';
import { decode, type Picture } from '../test/support/pictures';

const PHOTO = 'public/samples/camels.jpg';
const MASK = 'public/samples/camels-mask.png';

/** The pixels around the mask, up to about `reach` away from it. */
async function around(mask: Buffer, { width, height }: Picture, reach: number): Promise<Buffer> {
  const raw = { width, height, channels: 1 } as const;
  const soft = await sharp(mask, { raw })
    .blur(reach / 2)
    .extractChannel(0)
    .raw()
    .toBuffer();
  return Buffer.from(soft.map((value, i) => (value > 4 && mask[i] === 0 ? 255 : 0)));
}

/** Expects what was masked to be gone, and neither a blur nor noise in its place: as rough as what is around it. */
async function expectGone(before: Picture, after: Picture, mask: Buffer): Promise<void> {
  const { outside, inside } = changedBy(before, after, mask);
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(0.8);
  const texture = roughness(after, mask) / roughness(after, await around(mask, before, 24));
  expect(texture).toBeGreaterThan(0.5);
  expect(texture).toBeLessThan(1.7);
}

test('by mouse: remove, what is left of it, compare, download', async ({ page }, info) => {
  const editor = new EditorPage(page);
  const visit = { page, editor, info, requests: [], original: await decode(PHOTO) };
  await editor.open('/?sample=remove');
  const before = await decode(await editor.saved());
  const mask = await brightness(MASK);
  const first = await decode(await editor.takeAway());
  await expectGone(before, first, mask);

  // The line runs through what has gone, and can be dragged.
  const line = page.getByRole('slider', { name: 'Compare before and after' });
  await expect(line).toHaveAttribute('aria-valuenow', /^[1-9]\d$/);
  await line.focus();
  await page.keyboard.press('Home');

  // Another seed, at the spot: another completion of the same hole; then back to the first.
  const bar = page.getByRole('toolbar', { name: 'New result' });
  const second = await decode(await editor.takeAway(bar.getByRole('button', { name: 'Again' })));
  await expectGone(before, second, mask);
  expect(changedBy(first, second, mask).inside).toBeGreaterThan(0.3);
  await bar.getByRole('button', { name: 'Previous result' }).click();
  expect((await decode(await editor.saved())).data.equals(first.data)).toBe(true);

  // What is left, such as a shadow, goes by one more stroke: the first removal stays as it is.
  await editor.drag([0.35, 0.8], [0.42, 0.82]);
  const stroke = await maskOf(visit);
  expect(whiteIn(stroke)).toBeGreaterThan(0);
  expect(whiteIn(stroke)).toBeLessThan(whiteIn(mask));
  const third = await decode(await editor.takeAway());
  await expectGone(first, third, stroke);
  await bar.getByRole('button', { name: 'Accept' }).click();
  await expect(bar).toHaveCount(0);
  await expect(editor.remove).toBeDisabled();
  expect(whiteIn(await maskOf(visit))).toBe(0);
  const saved = await editor.saved();
  expect((await decode(saved)).data.equals(third.data)).toBe(true);
  const { comments } = await sharp(saved).metadata();
  expect(comments?.find(({ keyword }) => keyword === 'parameters')?.text).toContain('Model: fill');
});

test('by touch on a phone: remove, a little more around, discard, accept, download', async ({ browser }) => {
  const context = await browser.newContext(layouts['phone-light']);
  const page = await context.newPage();
  const editor = new EditorPage(page);
  await editor.open('/?sample=remove');
  const before = await decode(await editor.saved());
  const mask = await brightness(MASK);
  await editor.remove.tap();
  await expect(editor.result).toBeVisible({ timeout: 60_000 });
  const bar = page.getByRole('toolbar', { name: 'New result' });
  for (const target of await bar.getByRole('button').all()) {
    const box = await target.boundingBox();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(40);
  }
  await expectGone(before, await decode(await editor.saved()), mask);
  const more = await decode(await editor.takeAway(bar.getByRole('button', { name: 'A little more around' })));
  const { outside } = changedBy(before, more, mask);
  expect(outside).toBeGreaterThan(0);
  await bar.getByRole('button', { name: 'Discard' }).tap();
  await expect(bar).toHaveCount(0);
  expect((await decode(await editor.saved())).data.equals(before.data)).toBe(true);
  await editor.takeAway();
  await bar.getByRole('button', { name: 'Accept' }).tap();
  await expect(bar).toHaveCount(0);
  expect((await decode(await editor.saved())).data.equals(before.data)).toBe(false);
  await context.close();
});
