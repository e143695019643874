/**
 * Exact Euclidean distances inside a mask, in time linear in the area: Felzenszwalb and Huttenlocher,
 * "Distance Transforms of Sampled Functions", Theory of Computing 8 (2012); along columns, where a mask is either black or not,
 * counting does.
 */
import type { Rect } from './geometry';
import type { Mask } from './raster';

/** Larger than any squared distance in an image, and finite, so that differences stay numbers. */
const FAR = 1e12;

/**
 * Distance in pixels from each painted pixel's centre to the nearest black one's: 0 for black pixels, 1 along
 * the mask's edge. Pixels outside `area` count as neither.
 * @param area whole pixels, inside the mask
 * @returns [area.height × area.width]; ≥ 1e6 if the area holds no black pixel
 */
export function insideDistance(mask: Mask, area: Rect): Float32Array {
  const { width, height } = area;
  const squared = new Float64Array(width * height);
  // Up and down by counting, row after row in memory order; then across.
  const column = new Float64Array(width).fill(FAR);
  for (let y = 0; y < height; y++) {
    const row = (area.y + y) * mask.width + area.x;
    for (let x = 0; x < width; x++) {
      const count = mask.data[row + x] === 0 ? 0 : (column[x] ?? 0) + 1;
      column[x] = count;
      squared[y * width + x] = count;
    }
  }
  column.fill(FAR);
  for (let y = height - 1; y >= 0; y--) {
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const above = squared[at] ?? 0;
      const count = above === 0 ? 0 : (column[x] ?? 0) + 1;
      column[x] = count;
      const nearest = above < count ? above : count;
      squared[at] = nearest < FAR ? nearest * nearest : FAR;
    }
  }
  const envelope = createEnvelope(width);
  for (let y = 0; y < height; y++) lowerEnvelope(squared, y * width, width, envelope);
  const distances = new Float32Array(squared.length);
  for (let i = 0; i < distances.length; i++) distances[i] = Math.sqrt(squared[i] ?? 0);
  return distances;
}

interface Envelope {
  values: Float64Array;
  /** Positions of the parabolas that make up the envelope, left to right. */
  vertices: Int32Array;
  /** Where each of them takes over from its neighbour. */
  bounds: Float64Array;
}

function createEnvelope(length: number): Envelope {
  return {
    values: new Float64Array(length),
    vertices: new Int32Array(length),
    bounds: new Float64Array(length + 1),
  };
}

/** Replaces each value f(q) along a row by the minimum over p of f(p) + (p − q)². */
function lowerEnvelope(field: Float64Array, start: number, length: number, envelope: Envelope) {
  const { values, vertices, bounds } = envelope;
  for (let i = 0; i < length; i++) values[i] = field[start + i] ?? 0;
  const meet = (p: number, q: number) =>
    ((values[q] ?? 0) + q * q - ((values[p] ?? 0) + p * p)) / (2 * q - 2 * p);
  let last = 0;
  vertices[0] = 0;
  bounds[0] = -Infinity;
  for (let q = 1; q < length; q++) {
    let crossing = meet(vertices[last] ?? 0, q);
    while (last > 0 && crossing <= (bounds[last] ?? 0)) {
      last -= 1;
      crossing = meet(vertices[last] ?? 0, q);
    }
    last += 1;
    vertices[last] = q;
    bounds[last] = crossing;
  }
  bounds[last + 1] = Infinity;
  for (let q = 0, k = 0; q < length; q++) {
    while ((bounds[k + 1] ?? Infinity) < q) k += 1;
    const p = vertices[k] ?? 0;
    field[start + q] = (q - p) * (q - p) + (values[p] ?? 0);
  }
}
