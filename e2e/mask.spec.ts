/**
 * The mask editor by mouse, touch, pen and keys. The saved mask is compared, pixel by pixel, with what the kernels give for
 * the same points. As the page paints with these kernels, this shows that pointer, view, tool, undo and file belong together,
 * not that the kernels are right: that is the subject of their own tests (src/editor/kernels, src/image), by hand arithmetic.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { fillShape } from '../src/editor/kernels/shape';
import { paintSegment } from '../src/editor/kernels/stroke';
import { fitView, toImage, toView, type View } from '../src/editor/kernels/view';
import { selectByColor } from '../src/editor/kernels/wand';
import { fitMargin } from '../src/editor/view/viewActions';
import { featherMask, growMask, shrinkMask } from '../src/image/edges';
import type { Point, Size } from '../src/image/geometry';
import { createMask, type Mask } from '../src/image/raster';
import { EditorPage } from '../test/support/pages/editorPage';
import { harnessPage } from '../test/support/pages/harness';
import { takeFile } from '../test/support/pages/takeFile';
import { expect, test } from '../test/support/pages/test';

const WIDTH = 480;
const HEIGHT = 320;
/** Left a dark and right a light half, a red square in each, and a transparent stripe at the lower border. */
function picture(): Buffer {
  const data = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const square = y > 100 && y < 180 && (Math.abs(x - 120) < 40 || Math.abs(x - 360) < 40);
      const grey = x < WIDTH / 2 ? 60 : 190;
      const color = square ? [220, 30, 30] : [grey, grey, grey];
      data.set(y < HEIGHT - 20 ? [...color, 255] : [0, 0, 0, 0], (y * WIDTH + x) * 4);
    }
  }
  return data;
}

/** The page with that picture and an empty mask, and where its pixels are on the screen. */
class MaskPage extends EditorPage {
  view: View = { scale: 1, x: 0, y: 0 };
  #corner: Point = { x: 0, y: 0 };

  async start(path: string): Promise<void> {
    await this.open(harnessPage('index.html?ms=5'));
    await sharp(picture(), { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
      .png()
      .toFile(path);
    await this.openFile(path);
    await expect(this.page.getByText('The model sees')).toHaveCount(0);
    const box = await this.canvas.boundingBox();
    if (!box) throw new Error('the canvas is not shown');
    this.#corner = box;
    // The page computes with whole pixels, a box may have fractions.
    const size = await this.canvas.evaluate(({ clientWidth, clientHeight }) => ({
      width: clientWidth,
      height: clientHeight,
    }));
    this.view = fitView({ width: WIDTH, height: HEIGHT }, size, fitMargin(size));
  }

  /** Where an image point is on the page, in whole pixels. */
  at(imagePoint: Point): Point {
    const { x, y } = toView(this.view, imagePoint);
    return { x: Math.round(x + this.#corner.x), y: Math.round(y + this.#corner.y) };
  }

  /** Where a place of the page is in the pane. */
  inPane({ x, y }: Point): Point {
    return { x: x - this.#corner.x, y: y - this.#corner.y };
  }

  /** The image point that a press at this place of the page has. */
  pressed(imagePoint: Point): Point {
    return toImage(this.view, this.inPane(this.at(imagePoint)));
  }

  /** Drags the mouse along image points, one event at each. */
  async draw(...points: Point[]): Promise<void> {
    const [first, ...rest] = points.map((point) => this.at(point));
    if (!first) return;
    await this.page.mouse.move(first.x, first.y);
    await this.page.mouse.down();
    for (const { x, y } of rest) await this.page.mouse.move(x, y);
    await this.page.mouse.up();
  }

  async settled(): Promise<void> {
    await expect(this.canvas).toHaveAttribute('aria-busy', 'false');
  }

  /**
   * The PNG that "Save mask" gives, which has to be grey, opaque and of the picture's size. maskReading.spec.ts downloads
   * masks.
   */
  async mask(): Promise<Uint8Array> {
    await this.settled();
    const saved = await takeFile(this.page, async () => {
      await this.canvas.focus();
      await this.page.keyboard.press('Control+Shift+S');
    });
    expect(saved.name).toBe('scene-mask.png');
    const { data, info } = await sharp(saved.bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 4 });
    const values = new Uint8Array(WIDTH * HEIGHT);
    let odd = 0;
    for (let i = 0; i < values.length; i++) {
      const [red = 0, green, blue, alpha] = data.subarray(i * 4, i * 4 + 4);
      values[i] = red;
      if (green !== red || blue !== red || alpha !== 255) odd += 1;
    }
    expect(odd).toBe(0);
    return values;
  }
}

function predicted(paint: (mask: Mask) => void): Uint8Array {
  const mask = createMask({ width: WIDTH, height: HEIGHT });
  paint(mask);
  return mask.data;
}

/** The colours in a part of the page, "red,green,blue", and how many pixels have each. */
async function colorsIn(page: Page, clip: Point & Size): Promise<Map<string, number>> {
  const data = await sharp(await page.screenshot({ clip }))
    .removeAlpha()
    .raw()
    .toBuffer();
  const counts = new Map<string, number>();
  for (let i = 0; i < data.length; i += 3) {
    const color = data.subarray(i, i + 3).join();
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  return counts;
}

/** How many pixels differ, which says more than two buffers that are not equal. */
function differing(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count += 1;
  return count;
}

function stroke(mask: Mask, points: Point[], radius: number, mode: 0 | 255 = 255, hardness = 1): void {
  points.forEach((to, i) => {
    paintSegment(mask, { from: points[i - 1] ?? to, to, radius, hardness }, mode);
  });
}

async function start(page: Page, path: string): Promise<MaskPage> {
  const editor = new MaskPage(page);
  await editor.start(path);
  return editor;
}

/** 320 / 12 rounded: what the page chooses for this picture. */
const RADIUS = 27 / 2;

test('mouse: each tool paints what its kernel predicts', async ({ page }, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  const path = [
    { x: 60, y: 60 },
    { x: 200, y: 90 },
    { x: 180, y: 220 },
  ];
  const ends = (points: Point[]) => points.map((point) => editor.pressed(point));
  const [from = { x: 0, y: 0 }, , to = { x: 0, y: 0 }] = ends(path);
  const clear = async () => {
    await editor.tool('Clear mask').click();
    await expect(editor.tool('Clear mask')).toBeDisabled();
  };

  // The brush's outline has the brush's own size, around the pointer
  const over = editor.at({ x: 240, y: 160 });
  await page.mouse.move(over.x, over.y);
  const ring = await page.locator('.brush-ring').boundingBox();
  if (!ring) throw new Error('the outline is shown');
  expect(Math.abs(ring.width - 2 * RADIUS * editor.view.scale)).toBeLessThan(1);
  expect(Math.abs(ring.x + ring.width / 2 - over.x)).toBeLessThan(1);
  expect(Math.abs(ring.y + ring.height / 2 - over.y)).toBeLessThan(1);

  // Brush, then the eraser along a part of it
  await editor.draw(...path);
  await editor.tool('Eraser').click();
  await editor.draw(...path.slice(1));
  const painted = predicted((mask) => {
    stroke(mask, ends(path), RADIUS);
    stroke(mask, ends(path.slice(1)), RADIUS, 0);
  });
  expect(differing(await editor.mask(), painted)).toBe(0);
  await clear();

  // A soft brush: hardness by its slider
  await editor.tool('Brush').click();
  await page.getByRole('slider', { name: 'Brush hardness' }).focus();
  for (let i = 0; i < 5; i++) await page.keyboard.press('PageDown');
  await expect(page.getByRole('slider', { name: 'Brush hardness' })).toHaveAttribute(
    'aria-valuetext',
    '50 %',
  );
  await editor.draw(...path);
  const soft = predicted((mask) => stroke(mask, ends(path), RADIUS, 255, 0.5));
  expect(new Set(soft).size).toBeGreaterThan(20);
  expect(differing(await editor.mask(), soft)).toBe(0);
  await clear();

  // Lasso, rectangle, ellipse; the ellipse taken away from the rectangle with Alt
  await editor.tool('Lasso').click();
  await editor.draw(...path);
  const lasso = predicted((mask) => fillShape(mask, { kind: 'outline', points: ends(path) }, 255));
  expect(differing(await editor.mask(), lasso)).toBe(0);
  await clear();
  await editor.tool('Rectangle').click();
  await editor.draw(...path);
  await editor.tool('Ellipse').click();
  await page.keyboard.down('Alt');
  await editor.draw(...path);
  await page.keyboard.up('Alt');
  const hollow = predicted((mask) => {
    fillShape(mask, { kind: 'rectangle', from, to }, 255);
    fillShape(mask, { kind: 'ellipse', from, to }, 0);
  });
  expect(differing(await editor.mask(), hollow)).toBe(0);

  // Polygon, replacing what is there; closed by its button
  await editor.tool('Polygon').click();
  await page.getByRole('button', { name: 'Replace the mask' }).click();
  for (const point of path) await editor.draw(point);
  await page.getByRole('button', { name: 'Close the polygon' }).click();
  expect(differing(await editor.mask(), lasso)).toBe(0);

  // Wand: one red square, then both; its pixels are the picture's, as a canvas gives them
  const pixels = { width: WIDTH, height: HEIGHT, data: new Uint8ClampedArray(picture()) };
  const at = editor.pressed({ x: 120, y: 140 });
  await editor.tool('Magic wand').click();
  for (const contiguous of [true, false]) {
    if (!contiguous) await page.getByRole('button', { name: 'Only what is connected' }).click();
    await editor.draw({ x: 120, y: 140 });
    const { mask, bounds } = selectByColor(pixels, { at, tolerance: 24, contiguous });
    expect(bounds.width).toBe(contiguous ? 79 : 319);
    expect(differing(await editor.mask(), mask.data)).toBe(0);
  }
});

test('keys: tools, commands, and painting without a pointer', async ({ page }, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  await editor.canvas.focus();
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
    await editor.settled();
  };
  const tools = { e: 'Eraser', l: 'Lasso', p: 'Polygon', r: 'Rectangle', o: 'Ellipse', w: 'Magic wand' };
  for (const [key, name] of Object.entries({ ...tools, b: 'Brush' })) {
    await press(key);
    await expect(page.getByRole('button', { name, exact: true })).toHaveAttribute('aria-pressed', 'true');
  }

  // A rectangle from the middle: four arrows right, two down, 16 view pixels each
  const step = 16 / editor.view.scale;
  const box = await editor.canvas.boundingBox();
  const middle = toImage(editor.view, { x: (box?.width ?? 0) / 2, y: (box?.height ?? 0) / 2 });
  const corner = { x: middle.x + 4 * step, y: middle.y + 2 * step };
  await press('r', 'Enter', 'Enter');
  await press('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'Enter');
  let mask = createMask({ width: WIDTH, height: HEIGHT });
  fillShape(mask, { kind: 'rectangle', from: middle, to: corner }, 255);
  expect(differing(await editor.mask(), mask.data)).toBe(0);

  // Grow, shrink, feather by the 8 pixels that the page begins with
  await press('g', 'g');
  mask = growMask(growMask(mask, 8), 8);
  expect(differing(await editor.mask(), mask.data)).toBe(0);
  await press('Shift+G');
  mask = shrinkMask(mask, 8);
  await press('f');
  mask = featherMask(mask, 8);
  expect(differing(await editor.mask(), mask.data)).toBe(0);

  // Invert, everything, nothing; then back through all of it
  await press('i');
  expect(
    differing(
      await editor.mask(),
      mask.data.map((value) => 255 - value),
    ),
  ).toBe(0);
  await press('a');
  expect((await editor.mask()).every((value) => value === 255)).toBe(true);
  await press('Delete');
  expect((await editor.mask()).every((value) => value === 0)).toBe(true);
  await press('Control+z', 'Control+z', 'Control+z');
  expect(differing(await editor.mask(), mask.data)).toBe(0);

  // From transparency: the lowest 20 rows
  await press('t');
  const rows = predicted((m) => m.data.fill(255, (HEIGHT - 20) * WIDTH));
  expect(differing(await editor.mask(), rows)).toBe(0);

  // The brush by keys, erased again by the swapped tool
  await press('Delete', 'b', 'Enter', 'ArrowLeft', 'ArrowLeft', 'Enter');
  const dabs = [corner, { ...corner, x: corner.x - step }, { ...corner, x: corner.x - 2 * step }];
  expect(
    differing(
      await editor.mask(),
      predicted((m) => stroke(m, dabs, RADIUS)),
    ),
  ).toBe(0);
  await press('x', 'Enter', 'ArrowRight', 'ArrowRight', 'Enter');
  expect((await editor.mask()).every((value) => value === 0)).toBe(true);

  // Ellipse, lasso and polygon from where the cursor stands: two steps right, two down
  const around = [
    corner,
    { ...corner, x: corner.x + 2 * step },
    { x: corner.x + 2 * step, y: corner.y + 2 * step },
  ];
  const [origin = corner, , end = corner] = around;
  const back = ['ArrowLeft', 'ArrowLeft', 'ArrowUp', 'ArrowUp'];
  const out = ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown'];
  await press('o', 'Enter', ...out, 'Enter');
  const ellipse = predicted((m) => fillShape(m, { kind: 'ellipse', from: origin, to: end }, 255));
  expect(differing(await editor.mask(), ellipse)).toBe(0);
  await press('Delete', ...back, 'l', 'Enter', ...out, 'Enter');
  const outline = predicted((m) => fillShape(m, { kind: 'outline', points: around }, 255));
  expect(differing(await editor.mask(), outline)).toBe(0);
  await press('Delete', ...back, 'p', 'Enter', 'ArrowRight', 'ArrowRight', 'Enter');
  await press('ArrowDown', 'ArrowDown', 'Enter', 'Enter');
  expect(differing(await editor.mask(), outline)).toBe(0);

  // The wand where the cursor stands
  await press('Delete', 'w', 'Enter');
  const pixels = { width: WIDTH, height: HEIGHT, data: new Uint8ClampedArray(picture()) };
  const wand = selectByColor(pixels, { at: end, tolerance: 24, contiguous: true });
  expect(differing(await editor.mask(), wand.mask.data)).toBe(0);
  await press('Delete');

  // The help sheet lists them, and Escape closes it
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Shrink the mask');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('pen: pressure sets the width', async ({ page }, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  const client = await page.context().newCDPSession(page);
  const points = [
    { x: 80, y: 150, force: 0.2 },
    { x: 240, y: 150, force: 1 },
  ];
  for (const [i, { force, ...point }] of points.entries()) {
    const type = i === 0 ? ('mousePressed' as const) : ('mouseMoved' as const);
    const place = editor.at(point);
    await client.send('Input.dispatchMouseEvent', {
      ...{ type, ...place, force, button: 'left', buttons: 1, clickCount: 1, pointerType: 'pen' },
    });
  }
  const end = editor.at(points[1] ?? { x: 0, y: 0 });
  await client.send('Input.dispatchMouseEvent', {
    ...{ type: 'mouseReleased', ...end, button: 'left', buttons: 0, clickCount: 1, pointerType: 'pen' },
  });
  const [from, to] = points.map((point) => editor.pressed(point));
  if (!from || !to) throw new Error('two points');
  const width = (force: number) => RADIUS * (0.1 + 0.9 * Math.fround(force));
  const expected = predicted((mask) => {
    paintSegment(mask, { from, to: from, radius: width(0.2) }, 255);
    paintSegment(mask, { from, to, radius: width(0.2), toRadius: width(1) }, 255);
  });
  expect(differing(await editor.mask(), expected)).toBe(0);
});

test('zoom and pan: wheel about the pointer, 1:1, fit, space, middle button; pixels stay crisp', async ({
  page,
}, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  const value = page.getByRole('button', { name: 'Actual size' });
  const fitted = await value.textContent();
  // Under the pointer, the edge of the red square stays where it is, at every scale.
  const edge = editor.at({ x: 400, y: 140.5 });
  await page.mouse.move(edge.x, edge.y);
  for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -300);
  await expect(value).toHaveText('3200 %');
  const clip = { x: edge.x - 100, y: edge.y - 60, width: 200, height: 120 };
  // Red and grey with nothing between: no smoothing (the brush's outline is larger than this part).
  await expect
    .poll(async () => [...(await colorsIn(page, clip)).keys()].sort())
    .toEqual(['190,190,190', '220,30,30']);
  await page.keyboard.press('1');
  await expect(value).toHaveText('100 %');
  await page.keyboard.press('0');
  await expect(value).toHaveText(fitted ?? '');

  // Space and the middle button move by the distance dragged: a dab then lands beside the first one
  const dab = async (point: Point) => editor.draw(point);
  await dab({ x: 100, y: 100 });
  const drag = async (button: 'left' | 'middle') => {
    const from = editor.at({ x: 240, y: 160 });
    await page.mouse.move(from.x, from.y);
    await page.mouse.down({ button });
    await page.mouse.move(from.x + 40, from.y + 30, { steps: 4 });
    await page.mouse.up({ button });
  };
  await page.keyboard.down('Space');
  await drag('left');
  await page.keyboard.up('Space');
  await drag('middle');
  const first = editor.pressed({ x: 100, y: 100 });
  await dab({ x: 100, y: 100 });
  const { scale } = editor.view;
  const second = { x: first.x - 80 / scale, y: first.y - 60 / scale };
  const expected = predicted((mask) => {
    stroke(mask, [first], RADIUS);
    stroke(mask, [second], RADIUS);
  });
  expect(differing(await editor.mask(), expected)).toBe(0);
});

test('masks as files: saved, imported again byte for byte, refused at another size', async ({
  page,
}, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  const values = new Uint8Array(WIDTH * HEIGHT);
  for (let i = 0; i < values.length; i++) values[i] = i % 7 === 0 ? 0 : 32 + ((i * 13) % 192);
  const grey = { raw: { width: WIDTH, height: HEIGHT, channels: 1 as const } };
  const path = info.outputPath('soft.png');
  await sharp(Buffer.from(values), grey).png().toFile(path);
  const small = info.outputPath('small.png');
  await sharp(Buffer.from(values), grey).resize(40, 40).png().toFile(small);
  const choose = async (file: string) => {
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Mask menu' }).click();
    await page.getByRole('button', { name: 'Import mask' }).click();
    await (await chooser).setFiles(file);
    await page.keyboard.press('Escape');
  };
  await editor.draw({ x: 50, y: 50 });
  await choose(path);
  await expect.poll(async () => differing(await editor.mask(), values)).toBe(0);
  await choose(small);
  const alert = page.getByRole('alert').filter({ hasText: 'small.png' });
  await expect(alert).toContainText('40 × 40');
  expect(differing(await editor.mask(), values)).toBe(0);
  await page.keyboard.press('Control+z');
  const dab = predicted((mask) => stroke(mask, [editor.pressed({ x: 50, y: 50 })], RADIUS));
  expect(differing(await editor.mask(), dab)).toBe(0);

  // Dropped: the open picture's mask goes by its name, one of another size is refused, a picture brings its mask.
  const [own, wrong] = ['scene-mask.png', 'scene-mask (1).png'].map((name) => info.outputPath(name));
  if (!own || !wrong) throw new Error('two names give two paths');
  copyFileSync(path, own);
  copyFileSync(small, wrong);
  await editor.drop(wrong);
  await expect(page.getByRole('alert').filter({ hasText: 'scene-mask (1).png' })).toContainText('40 × 40');
  expect(differing(await editor.mask(), dab)).toBe(0);
  await editor.drop(own);
  await expect.poll(async () => differing(await editor.mask(), values)).toBe(0);
  await expect(page.getByRole('alert').filter({ hasText: 'scene-mask' })).toHaveCount(0);
  await page.keyboard.press('Control+z');
  expect(differing(await editor.mask(), dab)).toBe(0);
  await editor.drop(small, own, info.outputPath('scene.png'));
  await expect(page.getByRole('alert').filter({ hasText: 'small.png' })).toContainText('was not opened');
  expect(differing(await editor.mask(), values)).toBe(0);
});

test('the mask’s look changes, the mask does not', async ({ page }, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  await editor.tool('Rectangle').click();
  await editor.draw({ x: 20, y: 20 }, { x: 200, y: 90 });
  const before = await editor.mask();
  const colorAt = async (point: Point) => {
    const [color = ''] = (await colorsIn(page, { ...editor.at(point), width: 1, height: 1 })).keys();
    return color.split(',').map(Number);
  };
  await page.keyboard.press('m');
  await expect.poll(() => colorAt({ x: 100, y: 50 })).toEqual([255, 255, 255]);
  expect(await colorAt({ x: 300, y: 200 })).toEqual([0, 0, 0]);
  await page.keyboard.press('m');
  await expect.poll(() => colorAt({ x: 300, y: 200 })).toEqual([190, 190, 190]);
  await page.getByRole('button', { name: 'Mask overlay' }).click();
  await page.getByRole('button', { name: 'Blue' }).click();
  await page.getByRole('slider', { name: 'Mask opacity' }).press('End');
  await page.keyboard.press('Escape');
  // 255 × 1.16 is cut to 255, 0.84 lets a little of the grey through: blue either way.
  await expect.poll(async () => (await colorAt({ x: 100, y: 50 }))[2]).toBeGreaterThan(220);
  expect(differing(await editor.mask(), before)).toBe(0);
});

test('100 random operations, 100 undos: the first mask, byte for byte; a run in between changes nothing', async ({
  page,
}, info) => {
  const editor = await start(page, info.outputPath('scene.png'));
  await editor.tool('Ellipse').click();
  await editor.draw({ x: 30, y: 30 }, { x: 200, y: 150 });
  const first = await editor.mask();
  let seed = 5;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const point = () => ({ x: random(WIDTH), y: random(HEIGHT) });
  const commands = ['i', 'a', 'Delete', 'g', 'Shift+G', 'f', 't'];
  await editor.canvas.focus();
  for (let i = 0; i < 100; i++) {
    if (i === 50) {
      await editor.steps.fill('2');
      await editor.run();
      await page.getByRole('button', { name: 'Continue from this version' }).click();
      await editor.canvas.focus();
    }
    if (random(4) === 0) await page.keyboard.press(commands[random(commands.length)] ?? 'i');
    else {
      await page.keyboard.press(['b', 'e', 'l', 'r', 'o'][random(5)] ?? 'b');
      await editor.draw(point(), point(), point());
    }
    await editor.settled();
  }
  expect(differing(await editor.mask(), first)).toBeGreaterThan(0);
  // What changed nothing is no step; what did is undone, and at last the ellipse itself, which comes back once more.
  let undone = 0;
  for (; await editor.undo.isEnabled(); undone++) await page.keyboard.press('Control+z');
  expect(undone).toBeGreaterThan(70);
  expect((await editor.mask()).every((value) => value === 0)).toBe(true);
  await page.keyboard.press('Control+Shift+Z');
  expect(differing(await editor.mask(), first)).toBe(0);
});

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
