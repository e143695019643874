/** The mask editor by touch, compared with its kernels as in mask.spec.ts. */
import type { Page } from '@playwright/test';
import { fillShape } from '../src/editor/kernels/shape';
import { toImage } from '../src/editor/kernels/view';
import { selectByColor } from '../src/editor/kernels/wand';
import type { Point } from '../src/image/geometry';
import type { Mask } from '../src/image/raster';
import {
  differing,
  HEIGHT,
  picture,
  predicted,
  RADIUS,
  start,
  stroke,
  WIDTH,
} from '../test/support/pages/maskPage';
import { expect, test } from '../test/support/pages/test';

/** Where fingers go on a phone, in image points. */
const line = [
  { x: 100, y: 80 },
  { x: 300, y: 90 },
  { x: 310, y: 200 },
];

/** Fingers on the glass, at points of the page. */
async function fingers(page: Page) {
  const client = await page.context().newCDPSession(page);
  return (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: Point[]) =>
    client.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: points.map(({ x, y }, id) => ({ x, y, id })),
    });
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('two fingers zoom about what lies between them, and move the picture', async ({ page }, info) => {
    const editor = await start(page, info.outputPath('scene.png'));
    const touch = await fingers(page);
    const between = (a: Point, b: Point) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
    const tapped = async (imagePoint: Point) => {
      const { x, y } = editor.at(imagePoint);
      await page.touchscreen.tap(x, y);
      const wanted = predicted((mask) => stroke(mask, [editor.pressed(imagePoint)], RADIUS));
      expect(differing(await editor.mask(), wanted)).toBe(0);
      await editor.tool('Clear mask').tap();
    };
    const [a, b] = [editor.at({ x: 150, y: 120 }), editor.at({ x: 250, y: 160 })];
    const held = toImage(editor.view, editor.inPane(between(a, b)));
    // Twice as far apart, and 12 to the right, 20 down: the image point between them lies between them still.
    const half = { x: (b.x - a.x) / 2, y: (b.y - a.y) / 2 };
    const [c, d] = [
      { x: a.x - half.x + 12, y: a.y - half.y + 20 },
      { x: b.x + half.x + 12, y: b.y + half.y + 20 },
    ];
    await touch('touchStart', a, b);
    await touch('touchMove', c, d);
    await touch('touchEnd');
    const middle = editor.inPane(between(c, d));
    const scale = editor.view.scale * 2;
    editor.view = { scale, x: middle.x - held.x * scale, y: middle.y - held.y * scale };
    await tapped({ x: held.x + 20, y: held.y + 10 });

    // Side by side they move the picture by as much as they move themselves.
    const [e, f] = [editor.at(held), editor.at({ x: held.x + 30, y: held.y })];
    await touch('touchStart', e, f);
    await touch('touchMove', { x: e.x - 30, y: e.y + 40 }, { x: f.x - 30, y: f.y + 40 });
    await touch('touchEnd');
    editor.view = { scale, x: editor.view.x - 30, y: editor.view.y + 40 };
    await tapped({ x: held.x - 10, y: held.y + 5 });
  });

  test('by touch: eraser, lasso, rectangle, ellipse and wand paint what their kernels predict', async ({
    page,
  }, info) => {
    const editor = await start(page, info.outputPath('scene.png'));
    const touch = await fingers(page);
    const ends = line.map((point) => editor.pressed(point));
    const [from = { x: 0, y: 0 }, , to = from] = ends;
    const drag = async (tool: string) => {
      await editor.tool(tool).tap();
      const [first = { x: 0, y: 0 }, ...rest] = line.map((point) => editor.at(point));
      await touch('touchStart', first);
      for (const point of rest) await touch('touchMove', point);
      await touch('touchEnd');
    };
    const is = async (paint: (mask: Mask) => void) => {
      expect(differing(await editor.mask(), predicted(paint))).toBe(0);
    };
    await drag('Rectangle');
    await is((mask) => fillShape(mask, { kind: 'rectangle', from, to }, 255));
    await drag('Eraser');
    await is((mask) => {
      fillShape(mask, { kind: 'rectangle', from, to }, 255);
      stroke(mask, ends, RADIUS, 0);
    });
    await editor.tool('Clear mask').tap();
    await drag('Ellipse');
    await is((mask) => fillShape(mask, { kind: 'ellipse', from, to }, 255));
    await editor.tool('Clear mask').tap();
    await drag('Lasso');
    await is((mask) => fillShape(mask, { kind: 'outline', points: ends }, 255));
    await editor.tool('Clear mask').tap();
    await editor.tool('Magic wand').tap();
    const red = editor.at({ x: 120, y: 140 });
    await page.touchscreen.tap(red.x, red.y);
    const pixels = { width: WIDTH, height: HEIGHT, data: new Uint8ClampedArray(picture()) };
    const at = editor.pressed({ x: 120, y: 140 });
    const { mask } = selectByColor(pixels, { at, tolerance: 24, contiguous: true });
    expect(differing(await editor.mask(), mask.data)).toBe(0);
  });

  test('touch: tools, a drawn line, a pinch that paints nothing, a polygon by taps; 40 px targets', async ({
    page,
  }, info) => {
    const editor = await start(page, info.outputPath('scene.png'));
    const touch = await fingers(page);
    const [a = { x: 0, y: 0 }, b = a, c = b] = line.map((point) => editor.at(point));
    await touch('touchStart', a);
    await touch('touchMove', b);
    await touch('touchMove', c);
    await touch('touchEnd');
    const ends = line.map((point) => editor.pressed(point));
    const painted = predicted((mask) => stroke(mask, ends, RADIUS));
    expect(differing(await editor.mask(), painted)).toBe(0);

    // Two fingers apart: the picture grows, and what the first finger began is taken back
    const middle = editor.at({ x: 240, y: 160 });
    await touch('touchStart', middle);
    await touch('touchStart', middle, { x: middle.x + 40, y: middle.y });
    await touch('touchMove', middle, { x: middle.x + 120, y: middle.y });
    await touch('touchEnd');
    expect(differing(await editor.mask(), painted)).toBe(0);
    await page.getByRole('button', { name: 'Fit', exact: true }).tap();

    await editor.tool('Clear mask').tap();
    await editor.tool('Polygon').tap();
    for (const point of line) {
      const { x, y } = editor.at(point);
      await page.touchscreen.tap(x, y);
    }
    await page.getByRole('button', { name: 'Close the polygon' }).tap();
    const polygon = predicted((mask) => fillShape(mask, { kind: 'outline', points: ends }, 255));
    expect(differing(await editor.mask(), polygon)).toBe(0);

    for (const name of [
      ...['Brush', 'Eraser', 'Lasso', 'Rectangle', 'Ellipse', 'Polygon', 'Magic wand', 'Invert mask'],
      ...['Clear mask', 'Mask menu', 'Mask overlay', 'Fit', 'Undo', 'Redo'],
    ]) {
      const box = await page.getByRole('button', { name, exact: true }).boundingBox();
      expect(box?.height, name).toBeGreaterThanOrEqual(40);
      expect(box?.width, name).toBeGreaterThanOrEqual(40);
      expect((box?.x ?? 0) + (box?.width ?? 999), name).toBeLessThanOrEqual(390);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
});
