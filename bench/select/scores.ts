/** How well a mask fits an outline. */
import type { AssistPoint, MaskPart } from '../../src/contract/assist';
import type { Point, Size } from '../../src/image/geometry';

/** Pixels that are inside, by the mask's middle value. */
export function pixelsOf(part: MaskPart | null, { width, height }: Size): Uint8Array {
  const inside = new Uint8Array(width * height);
  if (!part) return inside;
  for (let y = 0; y < part.height; y++) {
    for (let x = 0; x < part.width; x++) {
      if ((part.data[y * part.width + x] ?? 0) >= 128) inside[(part.y + y) * width + part.x + x] = 1;
    }
  }
  return inside;
}

/** Pixels whose middle lies within an outline, by the even-odd rule. */
export function within(outline: readonly Point[], { width, height }: Size): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = y + 0.5;
    const crossings = outline.flatMap((from, i) => {
      const to = outline[(i + 1) % outline.length] ?? from;
      return from.y <= row === to.y <= row
        ? []
        : [from.x + ((row - from.y) / (to.y - from.y)) * (to.x - from.x)];
    });
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil((crossings[i] ?? 0) - 0.5));
      const to = Math.min(width, Math.ceil((crossings[i + 1] ?? 0) - 0.5));
      inside.fill(1, y * width + from, y * width + Math.max(from, to));
    }
  }
  return inside;
}

/** Intersection over union. */
export function overlap(a: Uint8Array, b: Uint8Array): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    both += (a[i] ?? 0) & (b[i] ?? 0);
    either += (a[i] ?? 0) | (b[i] ?? 0);
  }
  return either === 0 ? 1 : both / either;
}

export function scoreOf(outline: readonly Point[], part: MaskPart | null, size: Size): number {
  return overlap(pixelsOf(part, size), within(outline, size));
}

/** Where a person would press next: in the middle of the largest part that is wrong. */
export function correctionOf(outline: readonly Point[], part: MaskPart | null, size: Size): AssistPoint {
  const [found, truth] = [pixelsOf(part, size), within(outline, size)];
  const { width, height } = size;
  const depth = new Int32Array(width * height);
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (depth[y * width + x] ?? 0);
  // The distance to the nearest pixel that is right, in steps, by two passes.
  for (let i = 0; i < depth.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    depth[i] = found[i] === truth[i] ? 0 : Math.min(at(x - 1, y), at(x, y - 1)) + 1;
  }
  let deepest = 0;
  for (let i = depth.length - 1; i >= 0; i--) {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (depth[i] !== 0) depth[i] = Math.min(depth[i] ?? 0, Math.min(at(x + 1, y), at(x, y + 1)) + 1);
    if ((depth[i] ?? 0) > (depth[deepest] ?? 0)) deepest = i;
  }
  return { x: deepest % width, y: Math.floor(deepest / width), include: truth[deepest] === 1 };
}
