/**
 * Undo and redo for a mask: before a tile changes for the first time in a step, its content is kept. Memory
 * follows what was painted, not the picture, and is bounded.
 */
import { intersectRect, isEmptyRect, type Rect, rectOfSize, unionRect } from './kernels/geometry';
import type { Mask } from './kernels/raster';

/** A tile's content; a number where all of it has that value. */
type Tile = Uint8Array | number;
type Step = Map<number, Tile>;

export interface HistoryLimits {
  /** Side of a tile in pixels. */
  tileSize?: number;
  /** The oldest steps are forgotten beyond this; the newest one never is. */
  maxBytes?: number;
}

const TILE_OVERHEAD_BYTES = 64;

export class MaskHistory {
  readonly #mask: Mask;
  readonly #tileSize: number;
  readonly #maxBytes: number;
  readonly #columns: number;
  #undo: Step[] = [];
  #redo: Step[] = [];
  #open: Step | undefined;

  constructor(mask: Mask, { tileSize = 64, maxBytes = 64 * 2 ** 20 }: HistoryLimits = {}) {
    this.#mask = mask;
    this.#tileSize = tileSize;
    this.#maxBytes = maxBytes;
    this.#columns = Math.ceil(mask.width / tileSize);
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  get bytes(): number {
    return [...this.#undo, ...this.#redo].reduce((sum, step) => sum + bytesOf(step), 0);
  }

  /** Announces that the pixels in `rect` are about to change; opens a step if none is open. */
  touch(rect: Rect): void {
    this.#open ??= new Map();
    const area = intersectRect(rect, rectOfSize(this.#mask));
    if (isEmptyRect(area)) return;
    const lastRow = Math.floor((area.y + area.height - 1) / this.#tileSize);
    const lastColumn = Math.floor((area.x + area.width - 1) / this.#tileSize);
    for (let row = Math.floor(area.y / this.#tileSize); row <= lastRow; row++) {
      for (let column = Math.floor(area.x / this.#tileSize); column <= lastColumn; column++) {
        const index = row * this.#columns + column;
        if (!this.#open.has(index)) this.#open.set(index, this.#read(index));
      }
    }
  }

  /** Closes the open step. @returns whether anything changed; if not, there is nothing to undo */
  commit(): boolean {
    const step = this.#open;
    this.#open = undefined;
    if (!step) return false;
    for (const [index, before] of step) {
      if (equalTiles(before, this.#read(index))) step.delete(index);
    }
    if (step.size === 0) return false;
    this.#undo.push(step);
    this.#redo = [];
    let total = this.bytes;
    while (total > this.#maxBytes && this.#undo.length > 1) {
      const oldest = this.#undo.shift();
      if (oldest) total -= bytesOf(oldest);
    }
    return true;
  }

  /** Takes back what the open step has changed, as if it had never been. */
  abandon(): Rect | undefined {
    const step = this.#open;
    this.#open = undefined;
    return step && this.#swap(step).area;
  }

  /** @returns the area that changed; undefined if there is nothing to undo */
  undo(): Rect | undefined {
    this.commit();
    return this.#move(this.#undo, this.#redo);
  }

  /** @returns the area that changed; undefined if there is nothing to redo */
  redo(): Rect | undefined {
    this.commit();
    return this.#move(this.#redo, this.#undo);
  }

  #move(from: Step[], to: Step[]): Rect | undefined {
    const step = from.pop();
    if (!step) return undefined;
    const { area, inverse } = this.#swap(step);
    to.push(inverse);
    return area;
  }

  #swap(step: Step): { area: Rect; inverse: Step } {
    const inverse: Step = new Map();
    let area: Rect = { x: 0, y: 0, width: 0, height: 0 };
    for (const [index, content] of step) {
      inverse.set(index, this.#read(index));
      this.#write(index, content);
      area = unionRect(area, this.#place(index));
    }
    return { area, inverse };
  }

  #place(index: number): Rect {
    const x = (index % this.#columns) * this.#tileSize;
    const y = Math.floor(index / this.#columns) * this.#tileSize;
    return intersectRect({ x, y, width: this.#tileSize, height: this.#tileSize }, rectOfSize(this.#mask));
  }

  #read(index: number): Tile {
    const { x, y, width, height } = this.#place(index);
    const { data, width: stride } = this.#mask;
    const content = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const start = (y + row) * stride + x;
      content.set(data.subarray(start, start + width), row * width);
    }
    const first = content[0] ?? 0;
    return content.every((value) => value === first) ? first : content;
  }

  #write(index: number, tile: Tile): void {
    const { x, y, width, height } = this.#place(index);
    const { data, width: stride } = this.#mask;
    for (let row = 0; row < height; row++) {
      const start = (y + row) * stride + x;
      if (typeof tile === 'number') data.fill(tile, start, start + width);
      else data.set(tile.subarray(row * width, (row + 1) * width), start);
    }
  }
}

function equalTiles(a: Tile, b: Tile): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.every((value, i) => value === b[i]);
}

function bytesOf(step: Step): number {
  let bytes = 0;
  for (const tile of step.values()) {
    bytes += TILE_OVERHEAD_BYTES + (typeof tile === 'number' ? 0 : tile.byteLength);
  }
  return bytes;
}
