/** From an image and places on it to the inputs of a SAM export (segment_anything: ResizeLongestSide, Sam.preprocess). */
import type { Point, Rect, Size } from '../image/geometry';
import type { Pixels } from '../image/raster';
import type { SegmenterPrompt } from './segmenter';

/** The side of the square that the encoder takes. */
export const SAM_SIDE = 1024;

const MEAN = [123.675, 116.28, 103.53] as const;
const STD = [58.395, 57.12, 57.375] as const;

/** The size at which an image is encoded: its longer side becomes `side`, both are rounded. */
export function encodedSize({ width, height }: Size, side: number): Size {
  const scale = side / Math.max(width, height);
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/**
 * Normalised values with zeros to the right and below: the padding comes after normalising, so that it is the mean colour.
 * @returns [1, 3, side, side]
 */
export function samTensor({ data, width, height }: Pixels, side: number = SAM_SIDE): Float32Array {
  const tensor = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    const [mean, std] = [MEAN[channel] ?? 0, STD[channel] ?? 1];
    for (let y = 0; y < height; y++) {
      const target = (channel * side + y) * side;
      const source = y * width * 4 + channel;
      for (let x = 0; x < width; x++) tensor[target + x] = ((data[source + x * 4] ?? 0) - mean) / std;
    }
  }
  return tensor;
}

/** What the decoder calls the kinds of points. */
const LABEL = { exclude: 0, include: 1, boxStart: 2, boxEnd: 3, padding: -1 } as const;

/**
 * A prompt as the decoder takes it: a box is two points, and without one a point that means nothing has to follow.
 * @returns coordinates [count, 2] in the encoder's pixels, and labels [count]
 */
export function samPoints({ points, box }: SegmenterPrompt): { coords: Float32Array; labels: Float32Array } {
  const rows: [Point, number][] = points.map((point) => [
    point,
    LABEL[point.include ? 'include' : 'exclude'],
  ]);
  if (box) {
    rows.push([box, LABEL.boxStart], [{ x: box.x + box.width, y: box.y + box.height }, LABEL.boxEnd]);
  } else rows.push([{ x: 0, y: 0 }, LABEL.padding]);
  return {
    coords: Float32Array.from(rows.flatMap(([{ x, y }]) => [x, y])),
    labels: Float32Array.from(rows, ([, label]) => label),
  };
}

/** A prompt in pixels of the encoded image. @param frame the part of the image that was encoded, in image pixels */
export function promptIn(frame: Rect, encoded: Size, { points, box }: SegmenterPrompt): SegmenterPrompt {
  const across = encoded.width / frame.width;
  const down = encoded.height / frame.height;
  return {
    points: points.map(({ x, y, include }) => ({
      x: (x - frame.x) * across,
      y: (y - frame.y) * down,
      include,
    })),
    box: box && {
      x: (box.x - frame.x) * across,
      y: (box.y - frame.y) * down,
      width: box.width * across,
      height: box.height * down,
    },
  };
}
