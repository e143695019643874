/**
 * The mask editor by mouse, pen and keys (by touch: maskTouch.spec.ts). The saved mask is compared, pixel by pixel, with what
 * the kernels give for the same points. As the page paints with these kernels, this shows that pointer, view, tool, undo and
 * file belong together, not that the kernels are right: that is the subject of their own tests (src/editor/kernels,
 * src/image), by hand arithmetic.
 */
import { copyFileSync } from 'node:fs';
import sharp from 'sharp';
import { fillShape } from '../src/editor/kernels/shape';
import { paintSegment } from '../src/editor/kernels/stroke';
import { toImage } from '../src/editor/kernels/view';
import { selectByColor } from '../src/editor/kernels/wand';
import { featherMask, growMask, shrinkMask } from '../src/image/edges';
import type { Point } from '../src/image/geometry';
import { createMask } from '../src/image/raster';
import {
  colorsIn,
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
