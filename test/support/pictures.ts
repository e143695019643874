/** Images for tests, and comparisons of results. */
import sharp from 'sharp';

export interface Picture {
  data: Buffer;
  width: number;
  height: number;
}

/** A photograph other than the page's sample: a part of it, mirrored, as PNG. */
export async function photograph(path: string, width = 640, height = 480): Promise<void> {
  await sharp('public/samples/sample.jpg')
    .extract({ left: 500, top: 319, width, height })
    .flop()
    .png()
    .toFile(path);
}

/** RGB, three bytes a pixel. */
export async function decode(file: Buffer | string): Promise<Picture> {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** The changed pixels: how many, and the smallest rectangle around them, ends included. */
export function changes(before: Picture, after: Picture) {
  const box = { left: before.width, top: before.height, right: -1, bottom: -1 };
  let count = 0;
  for (let y = 0; y < before.height; y++) {
    for (let x = 0; x < before.width; x++) {
      const at = (y * before.width + x) * 3;
      if (before.data.compare(after.data, at, at + 3, at, at + 3) === 0) continue;
      count++;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
  }
  return { count, ...box };
}

/** Peak signal-to-noise ratio of two images of the same size, in dB; infinite if they are equal. */
export function decibels(a: Picture, b: Picture): number {
  let squares = 0;
  for (let i = 0; i < a.data.length; i++) squares += ((a.data[i] ?? 0) - (b.data[i] ?? 0)) ** 2;
  return 10 * Math.log10((255 ** 2 * a.data.length) / squares);
}

/** A mask with a white disc of half the height in the middle. */
export async function maskWithDisc(path: string, width: number, height: number): Promise<void> {
  const data = Buffer.alloc(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - width / 2, y - height / 2) < height / 4;
      data[y * width + x] = inside ? 255 : 0;
    }
  }
  await sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(path);
}
