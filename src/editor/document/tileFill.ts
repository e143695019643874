/** Fills neighbouring tiles with one value in as few calls as possible. */
import { type Rect, unionRect } from '../../image/geometry';
import type { Mask } from '../../image/raster';
import { fillRect } from '../kernels/tileContent';

export const NOWHERE: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** Collects neighbouring tiles of a row that get the same value, and fills them together. */
export class FlatRow {
  readonly #mask: Mask;
  #place = NOWHERE;
  #value = 0;
  /** The tile that would follow the last one. */
  #end = -1;

  constructor(mask: Mask) {
    this.#mask = mask;
  }

  add(tile: number, place: Rect, value: number): void {
    const continues = tile === this.#end && place.y === this.#place.y && value === this.#value;
    if (!continues) this.write();
    this.#place = unionRect(this.#place, place);
    this.#value = value;
    this.#end = tile + 1;
  }

  write(): void {
    fillRect(this.#mask, this.#place, this.#value);
    this.#place = NOWHERE;
    this.#end = -1;
  }
}
