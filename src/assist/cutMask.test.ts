import { describe, expect, it } from 'vitest';
import type { Rect, Size } from '../image/geometry';
import { createPixels, cropPixels, type Pixels } from '../image/raster';
import { type AssistImage, cutMask } from './cutMask';
import { dropSpecks } from './islands';
import { outlineOf } from './outline';
import { encodedSize } from './prepare';
import { scaleDown } from './scaleDown';
import type { Logits } from './segmenter';

/** A blue rectangle on grey. */
function scene(size: Size, thing: Rect): Pixels {
  const pixels = createPixels(size);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const isIn = x >= thing.x && y >= thing.y && x < thing.x + thing.width && y < thing.y + thing.height;
      pixels.data.set(isIn ? [20, 40, 200, 255] : [150, 150, 150, 255], (y * size.width + x) * 4);
    }
  }
  return pixels;
}

function imageOf(pixels: Pixels): AssistImage & { largest: number } {
  const image = {
    ...{ width: pixels.width, height: pixels.height, largest: 0 },
    read(rect: Rect) {
      image.largest = Math.max(image.largest, rect.width * rect.height);
      return cropPixels(pixels, rect);
    },
  };
  return image;
}

/** A grid of `side` cells for the longer side, sure by `strength` of what `isIn` says of a cell's middle (0 … 1). */
function grid({ width, height }: Size, side: number, isIn: (x: number, y: number) => boolean): Logits {
  const longer = Math.max(width, height);
  const [across, down] = [(side * width) / longer, (side * height) / longer];
  const data = new Float32Array(side * side).fill(-8);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) if (isIn((x + 0.5) / across, (y + 0.5) / down)) data[y * side + x] = 8;
  }
  return { width: side, height: side, data, across, down };
}

describe('cutMask', () => {
  // The thing’s edges lie within cells: 8 pixels each.
  const size = { width: 1024, height: 512 };
  const thing = { x: 205, y: 102, width: 410, height: 297 };
  const pixels = scene(size, thing);
  const frame = { x: 0, y: 0, ...size };
  const logits = grid(size, 128, (x, y) => {
    const [px, py] = [x * 1024, y * 512];
    return px > thing.x && py > thing.y && px < thing.x + thing.width && py < thing.y + thing.height;
  });

  it('ends at the image’s own edges, to the pixel', () => {
    const image = imageOf(pixels);
    const small = scaleDown(image, frame, encodedSize(size, 1024));
    const cut = cutMask({ image, frame, small, logits });
    if (!cut) throw new Error('nothing was cut');
    let wrong = 0;
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const [column, row] = [x - cut.place.x, y - cut.place.y];
        const isCovered = column >= 0 && row >= 0 && column < cut.place.width && row < cut.place.height;
        const value = isCovered ? (cut.mask.data[row * cut.place.width + column] ?? 0) : 0;
        const isIn = x >= thing.x && y >= thing.y && x < thing.x + thing.width && y < thing.y + thing.height;
        if (value >= 128 !== isIn) wrong += 1;
      }
    }
    // All at the corners, which a window rounds; by the grid alone it is more than 3,000.
    expect(wrong).toBeLessThan(120);
  });

  it('reads a large image only along the outline, in small squares', () => {
    const image = imageOf(pixels);
    const small = scaleDown(imageOf(pixels), frame, { width: 256, height: 128 });
    expect(cutMask({ image, frame, small, logits })).not.toBeNull();
    expect(image.largest).toBeLessThanOrEqual(64 * 64);
  });

  it('places the answer for a part of the image in the whole', () => {
    const part = { x: 100, y: 50, width: 600, height: 400 };
    const image = imageOf(pixels);
    const small = scaleDown(image, part, encodedSize(part, 1024));
    const answer = grid(part, 256, (x, y) => {
      const [px, py] = [part.x + x * 600, part.y + y * 400];
      return px > thing.x && py > thing.y && px < thing.x + thing.width && py < thing.y + thing.height;
    });
    const cut = cutMask({ image, frame: part, small, logits: answer });
    const inside = cut?.mask.data.filter((value) => value >= 128).length ?? 0;
    expect(inside / (thing.width * thing.height)).toBeCloseTo(1, 1);
    expect(cut?.place.x).toBeGreaterThanOrEqual(part.x);
  });

  it('has nothing to give where nothing is inside', () => {
    const image = imageOf(pixels);
    expect(cutMask({ image, frame, small: pixels, logits: grid(size, 64, () => false) })).toBeNull();
  });
});

describe('scaleDown', () => {
  it('is the mean of what lies beneath each pixel, read in bands', () => {
    const pixels = scene({ width: 40, height: 30 }, { x: 10, y: 0, width: 30, height: 30 });
    const scaled = scaleDown(imageOf(pixels), { x: 0, y: 0, width: 40, height: 30 }, { width: 8, height: 6 });
    // 5 pixels make one: the thing starts at the third.
    expect([...scaled.data.subarray(0, 12)]).toEqual([
      150, 150, 150, 255, 150, 150, 150, 255, 20, 40, 200, 255,
    ]);
    const uneven = scaleDown(imageOf(pixels), { x: 5, y: 0, width: 20, height: 30 }, { width: 3, height: 3 });
    // Pixels 5 … 11⅔: 5 of grey and 1⅔ of the thing; (5 × 150 + 1⅔ × 20) / 6⅔ = 117.5
    expect(uneven.data[0]).toBeGreaterThanOrEqual(117);
    expect(uneven.data[0]).toBeLessThanOrEqual(118);
  });

  it('interpolates a small image', () => {
    const pixels = scene({ width: 2, height: 1 }, { x: 1, y: 0, width: 1, height: 1 });
    const scaled = scaleDown(imageOf(pixels), { x: 0, y: 0, width: 2, height: 1 }, { width: 4, height: 2 });
    // Middles at −0.25, 0.25, 0.75, 1.25 of the two pixels 150 and 20
    expect([0, 4, 8, 12].map((i) => scaled.data[i])).toEqual([150, 118, 52, 20]);
  });
});

describe('dropSpecks', () => {
  it('drops specks and fills pinholes, but not what was pointed at or the background at the border', () => {
    const size = { width: 64, height: 64 };
    const logits = grid(size, 64, (x, y) => {
      const [column, row] = [Math.floor(x * 64), Math.floor(y * 64)];
      const isBlock = column >= 20 && column < 60 && row >= 20 && row < 60;
      const isHole = column === 30 && row === 30;
      const isSpeck = (column === 5 && row === 5) || (column === 9 && row === 9);
      return (isBlock && !isHole) || isSpeck;
    });
    dropSpecks(logits, [{ x: 9.5, y: 9.5 }]);
    const at = (x: number, y: number) => (logits.data[y * 64 + x] ?? 0) > 0;
    expect([at(5, 5), at(9, 9), at(30, 30), at(0, 0), at(40, 40)]).toEqual([false, true, true, false, true]);
  });
});

describe('outlineOf', () => {
  it('goes around the thing and around its hole, in image pixels', () => {
    const logits = grid({ width: 16, height: 16 }, 16, (x, y) => {
      const [column, row] = [Math.floor(x * 16), Math.floor(y * 16)];
      return column >= 2 && column < 10 && row >= 2 && row < 10 && !(column === 5 && row === 5);
    });
    const path = outlineOf(logits, { x: 100, y: 0, width: 160, height: 160 });
    const loops = path.split('Z').filter(Boolean);
    expect(loops).toHaveLength(2);
    const points = (loops[0] ?? '')
      .split(/[ML]/)
      .filter(Boolean)
      .map((pair) => pair.split(' ').map(Number));
    const xs = points.map(([x]) => x ?? 0);
    // Cells 2 … 9 of 10 pixels each, from x = 100: between the middles of 1 and 2, and of 9 and 10
    expect([Math.min(...xs), Math.max(...xs)]).toEqual([120, 200]);
  });

  it('is closed along the image’s border', () => {
    const logits = grid({ width: 8, height: 4 }, 8, () => true);
    const path = outlineOf(logits, { x: 0, y: 0, width: 80, height: 40 });
    expect(path.match(/M/g)).toHaveLength(1);
    expect(path).toContain('0 ');
    expect(path.endsWith('Z')).toBe(true);
  });
});
