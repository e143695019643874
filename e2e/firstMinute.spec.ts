/**
 * The first minute with the page as `npm start` serves it, by mouse and by touch: open, remove a thing, take what is left
 * of it, compare, download. The pixels are looked at.
 */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { sampleLinks } from '../src/state/pictures/sample';
import { EditorPage } from '../test/support/pages/editorPage';
import { layouts } from '../test/support/pages/states';
import { expect, test } from '../test/support/pages/test';
import { brightness, changedBy, maskOf, whiteIn } from '../test/support/pages/visit';
import { decode, type Picture } from '../test/support/pictures';

const [{ url }] = sampleLinks('http://localhost/', '?sample=remove');
const about = JSON.parse(readFileSync(`public${url.pathname}`, 'utf8')) as { image: string; mask: string };
const PHOTO = `public/samples/${about.image}`;
const MASK = `public/samples/${about.mask}`;

/** Pixels beside the mask that its soft rim may reach, and how many are looked at beyond them. */
const RIM = 8;
const BESIDE = 60;

/**
 * How rough what is masked is, compared with what is beside it in the same rows: sky is smooth and grass is not. 1 is a
 * completion that cannot be told by its texture; a blur is near 0.
 */
function texture({ data, width, height }: Picture, mask: Buffer): number {
  /** Steps between neighbours: the sum over the masked pixels of a row, and those beside them. */
  let [masked, beside] = [0, 0];
  for (let y = 0; y < height; y++) {
    const row = mask.subarray(y * width, (y + 1) * width);
    const [first, last] = [row.indexOf(255), row.lastIndexOf(255)];
    if (first < 0) continue;
    const means = { masked: { sum: 0, count: 0 }, beside: { sum: 0, count: 0 } };
    const [from, to] = [Math.max(0, first - RIM - BESIDE), Math.min(width - 2, last + RIM + BESIDE)];
    for (let x = from; x <= to; x++) {
      const isBeside = x < first - RIM || x > last + RIM;
      if (!isBeside && (row[x] !== 255 || row[x + 1] !== 255)) continue;
      const mean = isBeside ? means.beside : means.masked;
      const at = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) mean.sum += Math.abs((data[at + c] ?? 0) - (data[at + 3 + c] ?? 0));
      mean.count += 3;
    }
    if (means.masked.count === 0 || means.beside.count === 0) continue;
    masked += means.masked.sum;
    beside += (means.beside.sum / means.beside.count) * means.masked.count;
  }
  return masked / beside;
}

/** Expects what was masked to be gone, and neither a blur nor noise in its place. */
function expectGone(before: Picture, after: Picture, mask: Buffer): void {
  const { outside, inside } = changedBy(before, after, mask);
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(0.8);
  expect(texture(after, mask)).toBeGreaterThan(0.5);
  expect(texture(after, mask)).toBeLessThan(1.6);
}

test('by mouse: remove, what is left of it, compare, download', async ({ page }, info) => {
  const editor = new EditorPage(page);
  const visit = { page, editor, info, requests: [], original: await decode(PHOTO) };
  await editor.open('/?sample=remove');
  const before = await decode(await editor.saved());
  const mask = await brightness(MASK);
  const first = await decode(await editor.takeAway());
  expectGone(before, first, mask);

  // The line runs through what has gone, and can be dragged.
  const line = page.getByRole('slider', { name: 'Compare before and after' });
  await expect(line).toHaveAttribute('aria-valuenow', /^[1-9]\d$/);
  await line.focus();
  await page.keyboard.press('Home');

  // Another seed, at the spot: another completion of the same hole; then back to the first.
  const bar = page.getByRole('toolbar', { name: 'New result' });
  const second = await decode(await editor.takeAway(bar.getByRole('button', { name: 'Again' })));
  expectGone(before, second, mask);
  expect(changedBy(first, second, mask).inside).toBeGreaterThan(0.3);
  await bar.getByRole('button', { name: 'Previous result' }).click();
  expect((await decode(await editor.saved())).data.equals(first.data)).toBe(true);

  // What is left, such as a shadow, goes by one more stroke: the first removal stays as it is.
  await editor.drag([0.14, 0.74], [0.18, 0.78]);
  const stroke = await maskOf(visit);
  expect(whiteIn(stroke)).toBeGreaterThan(0);
  expect(whiteIn(stroke)).toBeLessThan(whiteIn(mask));
  const third = await decode(await editor.takeAway());
  expectGone(first, third, stroke);
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
  expectGone(before, await decode(await editor.saved()), mask);
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
