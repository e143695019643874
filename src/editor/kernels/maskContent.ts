/** What lies under the mask before denoising begins from it: at a strength below 1 the run starts from this. */
import type { Mask, Pixels } from './raster';

export const maskContents = ['original', 'blur', 'border', 'noise'] as const;
/**
 * `original`: the picture as it is; `blur`: its large forms alone; `border`: the colours around the mask, carried
 * inward; `noise`: grain of every colour.
 */
export type MaskContent = (typeof maskContents)[number];

/** Of the longer side: so far the blur reaches. */
const BLUR_SHARE = 1 / 16;
const GREY = 128;

/**
 * Replaces what the mask covers; elsewhere, and in alpha, the bytes stay.
 * @param mask of the picture's size; whatever is not black counts
 */
export function fillMask(pixels: Pixels, mask: Mask, content: MaskContent): Pixels {
  if (mask.width !== pixels.width || mask.height !== pixels.height) {
    throw new RangeError(
      `the mask is ${mask.width} × ${mask.height}, its picture ${pixels.width} × ${pixels.height}`,
    );
  }
  const data = new Uint8ClampedArray(pixels.data);
  const result = { width: pixels.width, height: pixels.height, data };
  if (content === 'original') return result;
  const colour = content === 'blur' ? blurred(pixels) : content === 'border' ? inward(pixels, mask) : grain();
  for (let pixel = 0; pixel < mask.data.length; pixel++) {
    if (mask.data[pixel] === 0) continue;
    for (let c = 0; c < 3; c++) data[pixel * 4 + c] = colour(pixel, c);
  }
  return result;
}

type Colour = (pixel: number, channel: number) => number;

/** Three box blurs, near a Gaussian; beyond the picture its edge goes on. */
function blurred({ data, width, height }: Pixels): Colour {
  const radius = Math.max(1, Math.round((Math.max(width, height) * BLUR_SHARE) / 2));
  const planes = [0, 1, 2].map((c) => {
    const plane = Float32Array.from({ length: width * height }, (_, i) => data[i * 4 + c] ?? 0);
    for (let pass = 0; pass < 3; pass++) {
      for (let y = 0; y < height; y++) boxBlur(plane, y * width, 1, width, radius);
      for (let x = 0; x < width; x++) boxBlur(plane, x, width, height, radius);
    }
    return plane;
  });
  return (pixel, c) => planes[c]?.[pixel] ?? 0;
}

function boxBlur(plane: Float32Array, start: number, stride: number, count: number, radius: number): void {
  const line = Float32Array.from({ length: count }, (_, i) => plane[start + i * stride] ?? 0);
  const at = (i: number) => line[Math.min(count - 1, Math.max(0, i))] ?? 0;
  let sum = 0;
  for (let i = -radius; i <= radius; i++) sum += at(i);
  for (let i = 0; i < count; i++) {
    plane[start + i * stride] = sum / (2 * radius + 1);
    sum += at(i + radius + 1) - at(i - radius);
  }
}

/** A level of the pyramid: mean colours of what is kept, and how much of each cell is. */
interface Level {
  width: number;
  height: number;
  /** [height × width × 3], undefined in meaning where `weight` is 0 */
  colours: Float32Array;
  weight: Float32Array;
}

/**
 * Push and pull (Gortler et al., "The Lumigraph", 1996, 3.4): kept colours are averaged into ever coarser levels until
 * all is known, then handed down to where nothing was.
 */
function inward(pixels: Pixels, mask: Mask): Colour {
  const { width, height } = pixels;
  const first: Level = {
    width,
    height,
    colours: new Float32Array(width * height * 3),
    weight: new Float32Array(width * height),
  };
  for (let i = 0; i < width * height; i++) {
    if (mask.data[i] !== 0) continue;
    first.weight[i] = 1;
    for (let c = 0; c < 3; c++) first.colours[i * 3 + c] = pixels.data[i * 4 + c] ?? 0;
  }
  const levels = [first];
  for (let top = first; top.width > 1 || top.height > 1; levels.push(top)) top = coarser(top);
  const coarsest = levels.at(-1) ?? first;
  // All is masked: no border to take colours from.
  if (coarsest.weight[0] === 0) coarsest.colours.fill(GREY);
  for (let i = levels.length - 2; i >= 0; i--) {
    const [fine, coarse] = [levels[i], levels[i + 1]];
    if (fine && coarse) handDown(coarse, fine);
  }
  return (pixel, c) => first.colours[pixel * 3 + c] ?? 0;
}

function coarser(fine: Level): Level {
  const width = Math.ceil(fine.width / 2);
  const height = Math.ceil(fine.height / 2);
  const colours = new Float32Array(width * height * 3);
  const weight = new Float32Array(width * height);
  for (let y = 0; y < fine.height; y++) {
    for (let x = 0; x < fine.width; x++) {
      const from = y * fine.width + x;
      const share = fine.weight[from] ?? 0;
      if (share === 0) continue;
      const to = (y >> 1) * width + (x >> 1);
      weight[to] = (weight[to] ?? 0) + share;
      for (let c = 0; c < 3; c++) {
        colours[to * 3 + c] = (colours[to * 3 + c] ?? 0) + share * (fine.colours[from * 3 + c] ?? 0);
      }
    }
  }
  for (let i = 0; i < weight.length; i++) {
    const sum = weight[i] ?? 0;
    if (sum === 0) continue;
    for (let c = 0; c < 3; c++) colours[i * 3 + c] = (colours[i * 3 + c] ?? 0) / sum;
    // A cell that is known at all is known: near colours count, not many.
    weight[i] = Math.min(1, sum);
  }
  return { width, height, colours, weight };
}

/** Bilinear from the coarse level, so that no squares show. */
function handDown(coarse: Level, fine: Level): void {
  for (let y = 0; y < fine.height; y++) {
    const v = Math.min(coarse.height - 1, Math.max(0, (y - 0.5) / 2));
    const top = Math.floor(v);
    const bottom = Math.min(coarse.height - 1, top + 1);
    for (let x = 0; x < fine.width; x++) {
      const at = y * fine.width + x;
      if (fine.weight[at] !== 0) continue;
      const u = Math.min(coarse.width - 1, Math.max(0, (x - 0.5) / 2));
      const left = Math.floor(u);
      const right = Math.min(coarse.width - 1, left + 1);
      for (let c = 0; c < 3; c++) {
        const sample = (row: number, column: number) =>
          coarse.colours[(row * coarse.width + column) * 3 + c] ?? 0;
        const above = sample(top, left) + (sample(top, right) - sample(top, left)) * (u - left);
        const below = sample(bottom, left) + (sample(bottom, right) - sample(bottom, left)) * (u - left);
        fine.colours[at * 3 + c] = above + (below - above) * (v - top);
      }
    }
  }
}

/** The same grain in every run: a seed changes what the model draws, not what it is given. */
function grain(): Colour {
  return (pixel, c) => {
    // The finaliser of MurmurHash3 over a running number.
    let hash = Math.imul(pixel * 3 + c + 1, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & 255;
  };
}
