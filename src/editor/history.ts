/**
 * Undo and redo for a mask: before a tile changes for the first time in a step, its content is kept. Memory
 * follows what was painted, not the picture, and is bounded.
 */
import { intersectRect, isEmptyRect, type Point, type Rect, rectOfSize, unionRect } from './kernels/geometry';
import { invertMask } from './kernels/mask';
import type { Mask } from './kernels/raster';
import { TileIndex } from './kernels/tiles';

/** A tile's content: its one value, its bytes, or runs (value, length, value, length, …) where those are shorter. */
type Tile = number | Uint8Array | Uint16Array;
/** Earlier contents by tile; or an inversion, which is its own inverse and needs no memory. */
type Step = Map<number, Tile> | 'invert';

export interface HistoryLimits {
  /** Side of a tile in pixels. */
  tileSize?: number;
  /** The oldest steps are forgotten beyond this; the newest one never is. */
  maxBytes?: number;
}

const TILE_OVERHEAD_BYTES = 64;
const NOWHERE: Rect = { x: 0, y: 0, width: 0, height: 0 };

export class MaskHistory {
  readonly #mask: Mask;
  readonly #maxBytes: number;
  readonly #index: TileIndex;
  #undo: Step[] = [];
  #redo: Step[] = [];
  #bytes = 0;
  #stepsMade = 0;
  #open: Map<number, Tile> | undefined;
  /** Tiles that the index has not looked at since they changed, those changed last at the end. */
  readonly #stale = new Set<number>();

  constructor(mask: Mask, { tileSize = 64, maxBytes = 64 * 2 ** 20 }: HistoryLimits = {}) {
    this.#mask = mask;
    this.#maxBytes = maxBytes;
    this.#index = new TileIndex(mask, tileSize);
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** Grows with every step that is not an undo or a redo. */
  get stepsMade(): number {
    return this.#stepsMade;
  }

  /** Forgets what could be done again: another step was made elsewhere. */
  dropRedo(): void {
    for (const undone of this.#redo) this.#bytes -= bytesOf(undone);
    this.#redo = [];
  }

  /** What the closed steps hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Around all that is painted, as of the last closed step. */
  get paintBounds(): Rect {
    return this.#index.paintBounds();
  }

  /**
   * Announces that the pixels in `rect` are about to change; opens a step if none is open.
   * @param target the value that they get, if it is one: tiles that have it already will not change
   */
  touch(rect: Rect, target?: number): void {
    this.#open ??= new Map();
    const area = intersectRect(rect, rectOfSize(this.#mask));
    if (isEmptyRect(area)) return;
    for (const tile of this.#index.tilesIn(area)) {
      if (!this.#open.has(tile)) {
        const value = this.#index.uniform(tile);
        if (value !== undefined && value === target) continue;
        this.#open.set(tile, value ?? pack(this.#read(tile)));
      }
      this.#stale.delete(tile);
      this.#stale.add(tile);
    }
  }

  /** Does a part of what commit() would else do at once: called now and then in the middle of a long stroke. */
  tidy(tiles: number): void {
    let left = tiles;
    for (const tile of this.#stale) {
      if (left === 0) return;
      left -= 1;
      this.#index.update(tile);
      this.#stale.delete(tile);
    }
  }

  /** Closes the open step. @returns whether anything changed; if not, there is nothing to undo */
  commit(): boolean {
    const step = this.#open;
    this.#open = undefined;
    if (!step) return false;
    this.tidy(Infinity);
    for (const [tile, before] of step) if (this.#holds(tile, before)) step.delete(tile);
    if (step.size === 0) return false;
    this.#push(step);
    return true;
  }

  /** Gives the whole mask one value, as a step. @returns whether anything changed */
  fill(value: number): boolean {
    this.commit();
    const step = new Map<number, Tile>();
    for (let tile = 0; tile < this.#index.count; tile++) {
      const before = this.#index.uniform(tile) ?? pack(this.#read(tile));
      if (before === value) continue;
      step.set(tile, before);
      this.#index.setUniform(tile, value);
    }
    if (step.size === 0) return false;
    this.#mask.data.fill(value);
    this.#push(step);
    return true;
  }

  /** Inverts the whole mask, as a step. */
  invert(): void {
    this.commit();
    this.#flip();
    this.#push('invert');
  }

  /**
   * Writes a patch with its upper left corner at `place`, within the open step, a row of tiles at a time: whoever
   * has other things to do may pause between.
   * @yields the area that may have changed
   */
  *write(patch: Mask, place: Point): Generator<Rect> {
    const { tileSize } = this.#index;
    this.#open ??= new Map();
    const end = Math.min(this.#mask.height, place.y + patch.height);
    for (let y = place.y; y < end; ) {
      const next = Math.min(end, (Math.floor(y / tileSize) + 1) * tileSize);
      const band = { x: place.x, y, width: patch.width, height: next - y };
      this.touch(band);
      for (let row = y; row < next; row++) {
        const start = (row - place.y) * patch.width;
        const line = patch.data.subarray(start, start + patch.width);
        this.#mask.data.set(line, row * this.#mask.width + place.x);
      }
      // Settled here and not in commit(): that would look at all tiles in one go.
      for (const tile of this.#index.tilesIn(band)) {
        const before = this.#open.get(tile);
        this.#index.update(tile);
        this.#stale.delete(tile);
        if (before !== undefined && this.#holds(tile, before)) this.#open.delete(tile);
      }
      yield band;
      y = next;
    }
  }

  /** Takes back what the open step has changed, as if it had never been. */
  abandon(): Rect | undefined {
    const step = this.#open;
    this.#open = undefined;
    this.tidy(Infinity);
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

  #push(step: Step): void {
    this.dropRedo();
    this.#stepsMade += 1;
    this.#undo.push(step);
    this.#bytes += bytesOf(step);
    this.#forget();
  }

  #forget(): void {
    while (this.#bytes > this.#maxBytes && this.#undo.length > 1) {
      const oldest = this.#undo.shift();
      if (oldest) this.#bytes -= bytesOf(oldest);
    }
  }

  #move(from: Step[], to: Step[]): Rect | undefined {
    const step = from.pop();
    if (!step) return undefined;
    const { area, inverse } = this.#swap(step);
    to.push(inverse);
    this.#bytes += bytesOf(inverse) - bytesOf(step);
    this.#forget();
    return area;
  }

  #swap(step: Step): { area: Rect; inverse: Step } {
    if (step === 'invert') {
      this.#flip();
      return { area: rectOfSize(this.#mask), inverse: step };
    }
    const inverse = new Map<number, Tile>();
    let area = NOWHERE;
    for (const [tile, content] of step) {
      inverse.set(tile, this.#index.uniform(tile) ?? pack(this.#read(tile)));
      this.#restore(tile, content);
      area = unionRect(area, this.#index.place(tile));
    }
    return { area, inverse };
  }

  #flip(): void {
    invertMask(this.#mask);
    for (let tile = 0; tile < this.#index.count; tile++) {
      const value = this.#index.uniform(tile);
      if (value === undefined) this.#index.update(tile);
      else this.#index.setUniform(tile, 255 - value);
    }
  }

  #read(tile: number): Uint8Array {
    const { x, y, width, height } = this.#index.place(tile);
    const { data, width: stride } = this.#mask;
    const content = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const start = (y + row) * stride + x;
      content.set(data.subarray(start, start + width), row * width);
    }
    return content;
  }

  #restore(tile: number, content: Tile): void {
    const { x, y, width, height } = this.#index.place(tile);
    const { data, width: stride } = this.#mask;
    const bytes = typeof content === 'number' ? undefined : unpack(content, width * height);
    for (let row = 0; row < height; row++) {
      const start = (y + row) * stride + x;
      if (bytes) data.set(bytes.subarray(row * width, (row + 1) * width), start);
      else data.fill(Number(content), start, start + width);
    }
    this.#index.update(tile);
  }

  /** Whether the tile has this content; the index knows the tile as it is. */
  #holds(tile: number, content: Tile): boolean {
    const value = this.#index.uniform(tile);
    if (value !== undefined || typeof content === 'number') return value === content;
    const { x, y, width, height } = this.#index.place(tile);
    const { data, width: stride } = this.#mask;
    const bytes = unpack(content, width * height);
    for (let row = 0; row < height; row++) {
      const start = (y + row) * stride + x;
      for (let i = 0; i < width; i++) if (bytes[row * width + i] !== data[start + i]) return false;
    }
    return true;
  }
}

/** Runs, where they take less room than the bytes. */
function pack(content: Tile): Tile {
  if (!(content instanceof Uint8Array)) return content;
  const runs: number[] = [];
  for (let start = 0; start < content.length; ) {
    const value = content[start] ?? 0;
    let end = start + 1;
    while (end < content.length && content[end] === value) end += 1;
    runs.push(value, end - start);
    if (runs.length * 2 >= content.length) return content;
    start = end;
  }
  return Uint16Array.from(runs);
}

function unpack(content: Uint8Array | Uint16Array, length: number): Uint8Array {
  if (content instanceof Uint8Array) return content;
  const bytes = new Uint8Array(length);
  for (let i = 0, at = 0; i < content.length; i += 2) {
    const end = at + (content[i + 1] ?? 0);
    bytes.fill(content[i] ?? 0, at, end);
    at = end;
  }
  return bytes;
}

function bytesOf(step: Step): number {
  if (step === 'invert') return TILE_OVERHEAD_BYTES;
  let bytes = 0;
  for (const tile of step.values()) {
    bytes += TILE_OVERHEAD_BYTES + (typeof tile === 'number' ? 0 : tile.byteLength);
  }
  return bytes;
}
