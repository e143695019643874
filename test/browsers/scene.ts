/** An image whose pixels are known, and where they are on the screen. */
import sharp from 'sharp';
import type { Picture } from '../support/pictures';
import type { Point } from './driver';
import type { Box } from './inPage';

export const SCENE = { width: 640, height: 480 };
/** Two red squares on a green that differs from pixel to pixel. */
export const SQUARES = [
  { left: 100, top: 100, side: 80 },
  { left: 430, top: 300, side: 80 },
] as const;

/** @returns a PNG */
export function drawScene(): Promise<Buffer> {
  const { width, height } = SCENE;
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isRed = SQUARES.some((square) => isInside(square, x, y));
      data.set(
        isRed ? [220, 20, 20] : [40 + ((x * 7 + y * 3) % 20), 120, 60 + (y % 16)],
        (y * width + x) * 3,
      );
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

export function isInside({ left, top, side }: (typeof SQUARES)[number], x: number, y: number): boolean {
  return x >= left && x < left + side && y >= top && y < top + side;
}

/** From image points to points of the screen. */
export type Placement = (imagePoint: Point) => Point;

/**
 * Finds the squares on a screenshot.
 * @param canvas where to look: small images of the scene may be shown elsewhere
 * @returns null if they are not there, whole and in their places
 */
export function placeScene(screen: Picture, canvas: Box): Placement | null {
  const box = { left: Number.POSITIVE_INFINITY, top: Number.POSITIVE_INFINITY, right: -1, bottom: -1 };
  for (let y = Math.ceil(canvas.y); y < canvas.y + canvas.height - 1; y++) {
    for (let x = Math.ceil(canvas.x); x < canvas.x + canvas.width - 1; x++) {
      const [r = 0, g = 0, b = 0] = colourAt(screen, { x, y });
      if (r < 205 || r > 235 || g > 35 || b > 35) continue;
      box.left = Math.min(box.left, x);
      box.top = Math.min(box.top, y);
      box.right = Math.max(box.right, x + 1);
      box.bottom = Math.max(box.bottom, y + 1);
    }
  }
  const [first, last] = SQUARES;
  const scale = (box.right - box.left) / (last.left + last.side - first.left);
  const scaleDown = (box.bottom - box.top) / (last.top + last.side - first.top);
  if (!(scale > 0.2) || Math.abs(scale / scaleDown - 1) > 0.02) return null;
  return ({ x, y }) => ({ x: box.left + (x - first.left) * scale, y: box.top + (y - first.top) * scale });
}

export function colourAt({ data, width }: Picture, { x, y }: Point): number[] {
  const at = (Math.round(y) * width + Math.round(x)) * 3;
  return [...data.subarray(at, at + 3)];
}
