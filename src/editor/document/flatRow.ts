/** Fills tiles of one value in as few goes as their places allow. */
import { type Rect, unionRect } from '../../image/geometry';
import type { Mask } from '../../image/raster';
import { fillRect } from '../kernels/tileContent';

export const NOWHERE: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** Neighbouring tiles of a row that get one value are filled in one go. */
export class FlatRow {
  readonly #mask: Mask;
  #place = NOWHERE;
  #value = 0;
  /** The tile after the last. */
  #end = -1;

  constructor(mask: Mask) {
    this.#mask = mask;
  }

  add(tile: number, place: Rect, value: number): void {
    const goesOn = tile === this.#end && place.y === this.#place.y && value === this.#value;
    if (!goesOn) this.write();
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
