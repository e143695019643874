/**
 * What is known of a mask tile by tile: which tiles are of one value, and where paint lies. Questions about the
 * whole mask then cost a look at each tile, not at each pixel.
 */
import { intersectRect, type Rect, rectOfSize, unionRect } from './geometry';
import { maskBounds } from './mask';
import type { Mask } from './raster';

const MIXED = -1;
const NOWHERE: Rect = { x: 0, y: 0, width: 0, height: 0 };

export class TileIndex {
  readonly #mask: Mask;
  readonly tileSize: number;
  readonly columns: number;
  readonly count: number;
  /** The tile's one value, or MIXED. */
  readonly #values: Int16Array;
  /** Around the paint in each mixed tile. */
  readonly #bounds = new Map<number, Rect>();

  constructor(mask: Mask, tileSize: number) {
    this.#mask = mask;
    this.tileSize = tileSize;
    this.columns = Math.ceil(mask.width / tileSize);
    this.count = this.columns * Math.ceil(mask.height / tileSize);
    this.#values = new Int16Array(this.count);
    for (let tile = 0; tile < this.count; tile++) this.update(tile);
  }

  /** @returns the value that the whole tile has, or undefined where it is mixed */
  uniform(tile: number): number | undefined {
    const value = this.#values[tile] ?? MIXED;
    return value === MIXED ? undefined : value;
  }

  /** Looks at a tile again. */
  update(tile: number): void {
    const place = this.place(tile);
    const { data, width } = this.#mask;
    const first = data[place.y * width + place.x] ?? 0;
    for (let y = place.y; y < place.y + place.height; y++) {
      const start = y * width + place.x;
      for (let i = start; i < start + place.width; i++) {
        if (data[i] === first) continue;
        this.#values[tile] = MIXED;
        this.#bounds.set(tile, maskBounds(this.#mask, place));
        return;
      }
    }
    this.setUniform(tile, first);
  }

  setUniform(tile: number, value: number): void {
    this.#values[tile] = value;
    this.#bounds.delete(tile);
  }

  /** Where a tile lies, in image pixels; tiles at the right and lower border may be smaller. */
  place(tile: number): Rect {
    const size = this.tileSize;
    const place = {
      x: (tile % this.columns) * size,
      y: Math.floor(tile / this.columns) * size,
      width: size,
      height: size,
    };
    return intersectRect(place, rectOfSize(this.#mask));
  }

  /** @param rect whole pixels, inside the mask, not empty */
  *tilesIn(rect: Rect): Generator<number> {
    const size = this.tileSize;
    const lastRow = Math.floor((rect.y + rect.height - 1) / size);
    const lastColumn = Math.floor((rect.x + rect.width - 1) / size);
    for (let row = Math.floor(rect.y / size); row <= lastRow; row++) {
      for (let column = Math.floor(rect.x / size); column <= lastColumn; column++) {
        yield row * this.columns + column;
      }
    }
  }

  /** The smallest rectangle around all paint; width and height are 0 if there is none. */
  paintBounds(): Rect {
    let bounds = NOWHERE;
    for (let tile = 0; tile < this.count; tile++) {
      const value = this.#values[tile];
      if (value === 0) continue;
      const own = value === MIXED ? this.#bounds.get(tile) : this.place(tile);
      if (own) bounds = unionRect(bounds, own);
    }
    return bounds;
  }
}
