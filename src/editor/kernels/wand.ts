/** The magic wand: pixels whose colour is near that of the clicked one. */
import type { Point, Rect } from '../../image/geometry';
import { maskBounds } from '../../image/mask/mask';
import { createMask, type Mask, type Pixels } from '../../image/raster';

export interface WandRequest {
  /** An image point, inside the image. */
  at: Point;
  /** The largest difference in any of red, green, blue and alpha, 0 … 255. */
  tolerance: number;
  /** Whether only pixels connected to the clicked one through their four neighbours count. */
  contiguous: boolean;
}

/** @returns 255 where the colour is near; `bounds` around it */
export function selectByColor(pixels: Pixels, request: WandRequest): { mask: Mask; bounds: Rect } {
  const { width, height } = pixels;
  const x = Math.min(width - 1, Math.max(0, Math.floor(request.at.x)));
  const y = Math.min(height - 1, Math.max(0, Math.floor(request.at.y)));
  const near = nearness(pixels, y * width + x, request.tolerance);
  const mask = createMask(pixels);
  if (request.contiguous) flood(mask, x, y, near);
  else for (let i = 0; i < mask.data.length; i++) if (near(i)) mask.data[i] = 255;
  return { mask, bounds: maskBounds(mask) };
}

function nearness({ data }: Pixels, seed: number, tolerance: number): (index: number) => boolean {
  const [red, green, blue, alpha] = data.subarray(seed * 4, seed * 4 + 4);
  if (red === undefined || green === undefined || blue === undefined || alpha === undefined) {
    throw new RangeError('the clicked pixel is outside the image');
  }
  return (index) => {
    const at = index * 4;
    return (
      Math.abs((data[at] ?? 0) - red) <= tolerance &&
      Math.abs((data[at + 1] ?? 0) - green) <= tolerance &&
      Math.abs((data[at + 2] ?? 0) - blue) <= tolerance &&
      Math.abs((data[at + 3] ?? 0) - alpha) <= tolerance
    );
  };
}

/** Fills run by run: each run above and below goes on the stack once. */
function flood(mask: Mask, x: number, y: number, near: (index: number) => boolean): void {
  const { width, height, data } = mask;
  const open = (index: number) => data[index] === 0 && near(index);
  const stack = [y * width + x];
  for (let seed = stack.pop(); seed !== undefined; seed = stack.pop()) {
    if (data[seed] !== 0) continue;
    const row = seed - (seed % width);
    let left = seed;
    while (left > row && open(left - 1)) left -= 1;
    let right = seed;
    while (right < row + width - 1 && open(right + 1)) right += 1;
    data.fill(255, left, right + 1);
    for (const step of [-width, width]) {
      if (row + step < 0 || row + step >= width * height) continue;
      for (let i = left + step; i <= right + step; i++) {
        if (open(i) && (i === left + step || !open(i - 1))) stack.push(i);
      }
    }
  }
}
