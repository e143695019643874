/**
 * What is known about a mask tile by tile: which tiles have a single value, and where there is paint. Questions about the
 * whole mask then cost a look at each tile, not at each pixel.
 */
import { intersectRect, type Rect, rectOfSize, unionRect } from '../geometry';
import type { Mask } from '../raster';
import { maskBounds } from './mask';

const MIXED = -1;
const NOWHERE: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** An index of one mask. Whoever changes the mask has its tiles updated, or says what they are now. */
export class TileIndex {
  readonly #mask: Mask;
  readonly tileSize: number;
  readonly columns: number;
  readonly count: number;
  /** The tile's one value, or MIXED. */
  readonly #values: Int16Array;
  /** Around the paint in each mixed tile. */
  readonly #bounds = new Map<number, Rect>();
  /** The mask four pixels at a time, if its rows begin at whole words; else empty. */
  readonly #words: Uint32Array;

  /** @param flat the mask's single value, if it is known to have one */
  constructor(mask: Mask, tileSize: number, flat?: number) {
    this.#mask = mask;
    this.tileSize = tileSize;
    this.columns = Math.ceil(mask.width / tileSize);
    this.count = this.columns * Math.ceil(mask.height / tileSize);
    this.#values = new Int16Array(this.count);
    const { buffer, byteOffset, length } = mask.data;
    const aligned = (mask.width | tileSize | byteOffset) % 4 === 0;
    this.#words = aligned ? new Uint32Array(buffer, byteOffset, length / 4) : new Uint32Array();
    if (flat !== undefined) this.#values.fill(flat);
    else for (let tile = 0; tile < this.count; tile++) this.update(tile);
  }

  /** @returns the tile's single value, or undefined if it is mixed */
  uniform(tile: number): number | undefined {
    const value = this.#values[tile] ?? MIXED;
    return value === MIXED ? undefined : value;
  }

  /** Looks at a tile again. */
  update(tile: number): void {
    const place = this.place(tile);
    const first = this.#mask.data[place.y * this.#mask.width + place.x] ?? 0;
    if (this.#isFlat(place, first)) this.setUniform(tile, first);
    else {
      this.#values[tile] = MIXED;
      this.#bounds.set(tile, maskBounds(this.#mask, place));
    }
  }

  #isFlat(place: Rect, value: number): boolean {
    const step = this.#words.length > 0 ? 4 : 1;
    const items = step === 4 ? this.#words : this.#mask.data;
    const wanted = step === 4 ? value * 0x01010101 : value;
    const stride = this.#mask.width / step;
    const length = place.width / step;
    const top = place.y * stride + place.x / step;
    for (let start = top; start < top + place.height * stride; start += stride) {
      for (let i = start; i < start + length; i++) if (items[i] !== wanted) return false;
    }
    return true;
  }

  setUniform(tile: number, value: number): void {
    this.#values[tile] = value;
    this.#bounds.delete(tile);
  }

  /** A tile's place, in image pixels; tiles at the right and lower border may be smaller. */
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
