/**
 * The first minute with the page as `npm start` serves it, by mouse and by touch: open, select a thing, remove it, take what
 * is left of it, compare, download; and the second visit, without a network. The pixels are looked at.
 */
import { readFileSync } from 'node:fs';
import { type BrowserContext, chromium, type Page, type TestInfo } from '@playwright/test';
import sharp from 'sharp';
import { sampleLinks } from '../src/state/pictures/sample';
import { EditorPage } from '../test/support/pages/editorPage';
import { pagePort } from '../test/support/pages/ports';
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
 * How rough what is masked is, compared with what is beside it in the same rows, since sky is smooth and grass is not; of the
 * two sides with the smoother one, since another thing may stand on the other. 1 is a completion that cannot be told by its
 * texture; a blur is near 0.
 */
function texture({ data, width, height }: Picture, mask: Buffer): number {
  let [masked, beside] = [0, 0];
  for (let y = 0; y < height; y++) {
    const row = mask.subarray(y * width, (y + 1) * width);
    const [first, last] = [row.indexOf(255), row.lastIndexOf(255)];
    if (first < 0) continue;
    /** The mean step between neighbours from one column to another. */
    const steps = (from: number, to: number, counts = (_x: number) => true) => {
      let [sum, count] = [0, 0];
      for (let x = Math.max(0, from); x < Math.min(width - 1, to); x++) {
        if (!counts(x)) continue;
        const at = (y * width + x) * 3;
        for (let c = 0; c < 3; c++) sum += Math.abs((data[at + c] ?? 0) - (data[at + 3 + c] ?? 0));
        count += 3;
      }
      return { count, mean: count > 0 ? sum / count : Number.POSITIVE_INFINITY };
    };
    const inside = steps(first, last, (x) => row[x] === 255 && row[x + 1] === 255);
    const left = steps(first - RIM - BESIDE, first - RIM);
    const right = steps(last + RIM, last + RIM + BESIDE);
    const around = Math.min(left.mean, right.mean);
    if (inside.count === 0 || around === Number.POSITIVE_INFINITY) continue;
    masked += inside.mean * inside.count;
    beside += around * inside.count;
  }
  return masked / beside;
}

/** A point well inside the thing: the middle of the mask's widest row. @returns shares of the image's width and height */
function insideOf(mask: Buffer, { width, height }: Picture): { x: number; y: number } {
  let best = { x: 0, y: 0, length: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0, length = 0; x < width; x++) {
      length = mask[y * width + x] === 255 ? length + 1 : 0;
      if (length > best.length) best = { x: x - length / 2, y, length };
    }
  }
  return { x: best.x / width, y: best.y / height };
}

/** Intersection over union. */
function overlap(a: Buffer, b: Buffer): number {
  let [both, either] = [0, 0];
  a.forEach((value, i) => {
    const [inA, inB] = [value >= 128, (b[i] ?? 0) >= 128];
    if (inA && inB) both++;
    if (inA || inB) either++;
  });
  return both / either;
}

/** Expects what was masked to be gone, and neither a blur nor noise in its place. */
function expectGone(before: Picture, after: Picture, mask: Buffer): void {
  // A soft edge of the mask changes, too.
  const touched = Buffer.from(mask.map((value) => (value > 0 ? 255 : 0)));
  const { outside, inside } = changedBy(before, after, touched);
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(0.8);
  expect(texture(after, touched)).toBeGreaterThan(0.5);
  expect(texture(after, touched)).toBeLessThan(4);
}

/** The mean difference in the masked area, in levels. */
function difference(a: Picture, b: Picture, mask: Buffer): number {
  let [sum, count] = [0, 0];
  mask.forEach((value, i) => {
    if (value !== 255) return;
    for (let c = 0; c < 3; c++) sum += Math.abs((a.data[i * 3 + c] ?? 0) - (b.data[i * 3 + c] ?? 0));
    count += 3;
  });
  return sum / count;
}

/** A profile of its own outlives the browser. @param offline from the first request on */
async function start(
  info: TestInfo,
  layout: keyof typeof layouts,
  { offline = false } = {},
): Promise<{ context: BrowserContext; page: Page; editor: EditorPage }> {
  const context = await chromium.launchPersistentContext(info.outputPath('profile'), {
    ...layouts[layout],
    ...info.project.use.launchOptions,
    offline,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  return { context, page, editor: new EditorPage(page) };
}

/** Takes up "Select object" and presses the thing in the sample. @returns the mask that this gives */
async function selectThing(
  editor: EditorPage,
  press: (page: Page, x: number, y: number) => Promise<void>,
  { isFirst = false } = {},
): Promise<Buffer> {
  const { page } = editor;
  const sampleMask = await brightness(MASK);
  await page.getByRole('button', { name: 'Clear mask' }).click();
  await expect(editor.remove).toBeDisabled();
  await editor.tool('Select object').click();
  if (isFirst) await page.getByRole('button', { name: 'Get it' }).click();
  const image = await page.locator('.canvas-shadow').boundingBox();
  if (!image) throw new Error('the image is shown');
  const thing = insideOf(sampleMask, await decode(PHOTO));
  await press(page, image.x + thing.x * image.width, image.y + thing.y * image.height);
  await expect(editor.remove).toBeEnabled({ timeout: 180_000 });
  const mask = await maskOf({ page, editor });
  // About the mask that the sample comes with.
  expect(overlap(mask, sampleMask)).toBeGreaterThan(0.6);
  return mask;
}
const click = (page: Page, x: number, y: number) => page.mouse.click(x, y);
const tap = (page: Page, x: number, y: number) => page.touchscreen.tap(x, y);

/** The second visit, without a network: the last session is back, the sample a press away, and all of it works again. */
async function secondVisit(info: TestInfo, layout: keyof typeof layouts, press: typeof click): Promise<void> {
  const { context, page, editor } = await start(info, layout, { offline: true });
  await page.goto(`http://localhost:${pagePort()}/?sample=remove`);
  await expect(page.getByText('Your last session was restored.')).toBeVisible();
  await page.getByRole('button', { name: 'Open the sample' }).click();
  // On a phone the note about what was put away covers part of the image for a moment.
  const aside = page.getByRole('status').filter({ hasText: 'Your last session is saved.' });
  await aside.getByRole('button', { name: 'Dismiss' }).click();
  await editor.ready();
  const before = await decode(await editor.saved());
  expect(before.data.equals((await decode(PHOTO)).data)).toBe(true);
  const mask = await selectThing(editor, press);
  const after = await decode(await editor.takeAway());
  expectGone(before, after, mask);
  expect(difference(before, after, mask)).toBeGreaterThan(20);
  await context.close();
}

test('by mouse: click a thing, remove it, what is left of it, compare, download; offline the second time', async ({
  browserName: _,
}, info) => {
  const { context, page, editor } = await start(info, 'desktop-light');
  const visit = { page, editor };
  await editor.open(`http://localhost:${pagePort()}/?sample=remove`);
  const before = await decode(await editor.saved());
  const mask = await selectThing(editor, click, { isFirst: true });
  await editor.tool('Brush').click();

  const first = await decode(await editor.takeAway());
  expectGone(before, first, mask);
  expect(difference(before, first, mask)).toBeGreaterThan(20);

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
  await context.close();
  await secondVisit(info, 'desktop-light', click);
});

test('by touch on a phone: tap a thing, remove, a little more around, discard, accept, download; offline the second time', async ({
  browserName: _,
}, info) => {
  const { context, page, editor } = await start(info, 'phone-light');
  await editor.open(`http://localhost:${pagePort()}/?sample=remove`);
  const before = await decode(await editor.saved());
  const mask = await selectThing(editor, tap, { isFirst: true });
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
  await secondVisit(info, 'phone-light', tap);
});
