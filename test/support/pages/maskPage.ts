/** The page with a picture of known pixels, and the mask that its kernels give for the points that are pressed. */
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { paintSegment } from '../../../src/editor/kernels/stroke';
import { fitView, toImage, toView, type View } from '../../../src/editor/kernels/view';
import { fitMargin } from '../../../src/editor/view/viewActions';
import type { Point, Size } from '../../../src/image/geometry';
import { createMask, type Mask } from '../../../src/image/raster';
import { EditorPage } from './editorPage';
import { harnessPage } from './harness';
import { takeFile } from './takeFile';
import { expect } from './test';

export const WIDTH = 480;
export const HEIGHT = 320;
/** Left a dark and right a light half, a red square in each, and a transparent stripe at the lower border. */
export function picture(): Buffer {
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
export class MaskPage extends EditorPage {
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

export function predicted(paint: (mask: Mask) => void): Uint8Array {
  const mask = createMask({ width: WIDTH, height: HEIGHT });
  paint(mask);
  return mask.data;
}

/** The colours in a part of the page, "red,green,blue", and how many pixels have each. */
export async function colorsIn(page: Page, clip: Point & Size): Promise<Map<string, number>> {
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
export function differing(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count += 1;
  return count;
}

export function stroke(mask: Mask, points: Point[], radius: number, mode: 0 | 255 = 255, hardness = 1): void {
  points.forEach((to, i) => {
    paintSegment(mask, { from: points[i - 1] ?? to, to, radius, hardness }, mode);
  });
}

export async function start(page: Page, path: string): Promise<MaskPage> {
  const editor = new MaskPage(page);
  await editor.start(path);
  return editor;
}

/** 320 / 12 rounded: what the page chooses for this picture. */
export const RADIUS = 27 / 2;
