/**
 * Undo and redo for a mask. Before a tile changes for the first time in a step, its content is kept, so memory depends on
 * what was painted and not on the image's size; it is bounded. What may touch all of a large mask is sliced work.
 */

import {
  intersectRect,
  isEmptyRect,
  type Point,
  type Rect,
  rectOfSize,
  unionRect,
} from '../../image/geometry';
import { invertMask } from '../../image/mask/mask';
import { TileIndex } from '../../image/mask/maskTiles';
import type { Mask } from '../../image/raster';
import type { ShapeRuns } from '../kernels/shape';
import { fillRect, readTile, showsTile, type TileContent, writeTile } from '../kernels/tileContent';
import { finish, type SlicedWork } from './slicedWork';
import { FlatRow, NOWHERE } from './tileFill';
import { type Beside, bytesOf, type Noting, STEP_OVERHEAD_BYTES, type Step } from './undoStep';

export interface HistoryLimits {
  /** Side of a tile in pixels. */
  tileSize?: number;
  /** Beyond this the oldest steps are forgotten; the newest never is. */
  maxBytes?: number;
  /** The mask's one value, if it is known to have just one: then the mask is not read. */
  flat?: number | undefined;
}

/** The cost of filling a tile, compared with reading one (see `SlicedWork`). Most of it is touching its memory first. */
const FILL_COST = 1 / 4;
/** The cost after which undo and redo yield. */
const PART_COST = 32;

/** The history of one mask. Before changing the mask call `touch`; afterwards `commit` or `abandon` the step. */
export class MaskHistory {
  readonly #mask: Mask;
  readonly #maxBytes: number;
  readonly #index: TileIndex;
  #undo: Step[] = [];
  #redo: Step[] = [];
  #bytes = 0;
  #stepsMade = 0;
  #open: Map<number, TileContent> | undefined;
  /** Tiles of the open step that have changed and were not read since; the latest at the end. */
  readonly #stale = new Set<number>();

  constructor(mask: Mask, { tileSize = 64, maxBytes = 64 * 2 ** 20, flat }: HistoryLimits = {}) {
    this.#mask = mask;
    this.#maxBytes = maxBytes;
    this.#index = new TileIndex(mask, tileSize, flat);
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** Grows with every new step; undo and redo are not new steps. */
  get stepsMade(): number {
    return this.#stepsMade;
  }

  /** Forgets the steps that could be redone, because another step was made elsewhere. */
  dropRedo(): void {
    for (const undone of this.#redo) this.#bytes -= bytesOf(undone);
    this.#redo = [];
  }

  /** The memory that closed steps hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The bounds of everything painted, as of the last closed step. */
  get paintBounds(): Rect {
    return this.#index.paintBounds();
  }

  /**
   * Announces that the pixels in `rect` are about to change; opens a step if none is open.
   * @param target the value that all of them get, if there is one: tiles that have it already will not change
   * @returns how many tiles were read
   */
  touch(rect: Rect, target?: number): number {
    const open = this.#opened();
    const area = intersectRect(rect, rectOfSize(this.#mask));
    if (isEmptyRect(area)) return 0;
    let read = 0;
    for (const tile of this.#index.tilesIn(area)) {
      if (!open.has(tile)) {
        const value = this.#index.uniform(tile);
        if (value !== undefined && value === target) continue;
        if (value === undefined) read += 1;
        open.set(tile, this.#content(tile));
      }
      this.#stale.delete(tile);
      this.#stale.add(tile);
    }
    return read;
  }

  /** Does part of the work of commit() early; called now and then during a long stroke. */
  tidy(tiles: number): void {
    let left = tiles;
    for (const tile of this.#stale) {
      if (left === 0) return;
      left -= 1;
      this.#index.update(tile);
      this.#settle(tile);
    }
  }

  /** Closes the open step. @returns whether anything changed; otherwise no step is added */
  commit(): boolean {
    this.tidy(Infinity);
    const step = this.#open;
    this.#open = undefined;
    if (!step || step.size === 0) return false;
    this.#push({ mask: step, beside: null });
    return true;
  }

  /** Adds a step that changed something other than the mask. */
  record(beside: Beside): void {
    this.commit();
    this.#push({ mask: null, beside });
  }

  /** The newest closed step that undo would take back. */
  get last(): Step | undefined {
    return this.#undo.at(-1);
  }

  /** Like {@link record}, but leaves a stroke that is being painted open. */
  note(beside: Beside, { with: partner, keepsRedo = false }: Noting = {}): void {
    if (partner && partner.beside === null && this.#undo.includes(partner)) {
      partner.beside = beside;
      return;
    }
    if (!keepsRedo) this.#push({ mask: null, beside });
    else {
      this.#undo.push({ mask: null, beside });
      this.#bytes += STEP_OVERHEAD_BYTES;
      this.#forget();
    }
  }

  /** Makes `first` and the step after it one step, if that is the newest and they do not change the same thing. */
  join(first: Step | undefined): void {
    const second = this.#undo.at(-1);
    if (!first || !second || this.#undo.at(-2) !== first || first.mask || second.beside) return;
    second.beside = first.beside;
    this.#undo.splice(-2, 1);
    this.#bytes -= bytesOf(first);
  }

  /** What to await before the next undo or redo; undefined if there is nothing to wait for. */
  ready(direction: 'undo' | 'redo'): Promise<unknown> | undefined {
    return (direction === 'undo' ? this.#undo : this.#redo).at(-1)?.beside?.ready?.();
  }

  /** Gives the whole mask one value, as a step. @returns whether anything changed */
  *fill(value: number): SlicedWork<boolean> {
    this.commit();
    yield* this.flood(value);
    return this.commit();
  }

  /** Gives the whole mask one value, within the open step. */
  *flood(value: number): SlicedWork<void> {
    const open = this.#opened();
    const { columns, count } = this.#index;
    for (let first = 0; first < count; first += columns) {
      const changed: number[] = [];
      let read = 0;
      for (let tile = first; tile < first + columns; tile++) {
        const before = this.#index.uniform(tile);
        if (before === value && !this.#stale.has(tile)) continue;
        if (before === undefined) read += 1;
        if (!open.has(tile)) open.set(tile, this.#content(tile));
        changed.push(tile);
      }
      if (changed.length === 0) continue;
      const { y, height } = this.#index.place(first);
      fillRect(this.#mask, { x: 0, y, width: this.#mask.width, height }, value);
      for (const tile of changed) {
        this.#index.setUniform(tile, value);
        this.#settle(tile);
      }
      yield read + columns * FILL_COST;
    }
  }

  /** Inverts the whole mask, as a step. */
  *invert(): SlicedWork<void> {
    this.commit();
    yield* this.#flip();
    this.#push({ mask: 'invert', beside: null });
  }

  /** Gives the pixels of a shape one value, within the open step. Tiles that are covered entirely are not read. */
  *paint({ bounds, runs }: ShapeRuns, value: number): SlicedWork<void> {
    const { data, width } = this.#mask;
    const { tileSize, columns } = this.#index;
    const end = bounds.y + bounds.height;
    const covered = new Uint16Array(columns);
    for (let y = bounds.y; y < end; ) {
      const next = Math.min(end, (Math.floor(y / tileSize) + 1) * tileSize);
      const band = { ...bounds, y, height: next - y };
      let cost = this.touch(band, value);
      covered.fill(0);
      for (let row = y; row < next; row++) {
        runs(row, (from, to) => {
          data.fill(value, row * width + from, row * width + to);
          // The last tile of a row may be narrower.
          const last = to === width ? columns : Math.floor(to / tileSize);
          for (let column = Math.ceil(from / tileSize); column < last; column++) {
            covered[column] = (covered[column] ?? 0) + 1;
          }
        });
      }
      for (const tile of this.#index.tilesIn(band)) {
        if (!this.#stale.has(tile)) continue;
        const whole = covered[tile % columns] === this.#index.place(tile).height;
        cost += whole ? FILL_COST : 1;
        if (whole) this.#index.setUniform(tile, value);
        else this.#index.update(tile);
        this.#settle(tile);
      }
      yield cost;
      y = next;
    }
  }

  /**
   * Writes a patch with its upper left corner at `place`, within the open step, a row of tiles at a time.
   * @yields the area that may have changed
   */
  *write(patch: Mask, place: Point): Generator<Rect> {
    const { tileSize } = this.#index;
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
      // Settled here, since commit() would read all tiles at once.
      for (const tile of this.#index.tilesIn(band)) {
        this.#index.update(tile);
        this.#settle(tile);
      }
      yield band;
      y = next;
    }
  }

  /** Takes back what the open step has changed, as if it had never been opened. */
  abandon(): Rect | undefined {
    this.tidy(Infinity);
    const step = this.#open;
    this.#open = undefined;
    return step && finish(this.#swap({ mask: step, beside: null })).area;
  }

  /** @returns the area of the mask that changed; undefined if there is nothing to undo */
  *undo(): SlicedWork<Rect | undefined> {
    this.commit();
    return yield* this.#move(this.#undo, this.#redo);
  }

  /** @returns the area of the mask that changed; undefined if there is nothing to redo */
  *redo(): SlicedWork<Rect | undefined> {
    this.commit();
    return yield* this.#move(this.#redo, this.#undo);
  }

  /** Takes a step back as if it had never been made. @returns as `undo`; undefined if it is not the newest any more */
  *withdraw(step: Step): SlicedWork<Rect | undefined> {
    if (this.last !== step) return undefined;
    const area = yield* this.undo();
    // Making it dropped what could be redone before: there is nothing else.
    this.dropRedo();
    return area;
  }

  #opened(): Map<number, TileContent> {
    this.#open ??= new Map();
    return this.#open;
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

  *#move(from: Step[], to: Step[]): SlicedWork<Rect | undefined> {
    const step = from.pop();
    if (!step) return undefined;
    const { area, inverse } = yield* this.#swap(step);
    to.push(inverse);
    this.#bytes += bytesOf(inverse) - bytesOf(step);
    this.#forget();
    return area;
  }

  *#swap(step: Step): SlicedWork<{ area: Rect; inverse: Step }> {
    const { mask, beside } = step;
    beside?.exchange();
    if (mask === 'invert') {
      yield* this.#flip();
      return { area: rectOfSize(this.#mask), inverse: step };
    }
    if (mask === null) return { area: NOWHERE, inverse: step };
    const inverse = new Map<number, TileContent>();
    let area = NOWHERE;
    let cost = 0;
    const flat = new FlatRow(this.#mask);
    for (const [tile, content] of mask) {
      const place = this.#index.place(tile);
      if (this.#index.uniform(tile) === undefined) cost += 1;
      inverse.set(tile, this.#content(tile));
      area = unionRect(area, place);
      if (typeof content === 'number') {
        flat.add(tile, place, content);
        this.#index.setUniform(tile, content);
        cost += FILL_COST;
      } else {
        writeTile(this.#mask, place, content);
        this.#index.update(tile);
        cost += 1;
      }
      if (cost < PART_COST) continue;
      flat.write();
      yield cost;
      cost = 0;
    }
    flat.write();
    return { area, inverse: { mask: inverse, beside } };
  }

  *#flip(): SlicedWork<void> {
    const { columns, count } = this.#index;
    const { data, width } = this.#mask;
    for (let first = 0; first < count; first += columns) {
      const { y, height } = this.#index.place(first);
      invertMask({ width, height, data: data.subarray(y * width, (y + height) * width) });
      // Reading and writing every pixel, also where nothing was ever written.
      let cost = columns;
      for (let tile = first; tile < first + columns; tile++) {
        const value = this.#index.uniform(tile);
        if (value !== undefined) this.#index.setUniform(tile, 255 - value);
        else {
          this.#index.update(tile);
          cost += 1;
        }
      }
      yield cost;
    }
  }

  /** The tile's present content. */
  #content(tile: number): TileContent {
    return this.#index.uniform(tile) ?? readTile(this.#mask, this.#index.place(tile));
  }

  /** Called once the index is up to date: a tile that the open step left unchanged is dropped from it. */
  #settle(tile: number): void {
    this.#stale.delete(tile);
    const before = this.#open?.get(tile);
    if (before !== undefined && this.#holds(tile, before)) this.#open?.delete(tile);
  }

  /** Whether the tile has this content; the index must be up to date. */
  #holds(tile: number, content: TileContent): boolean {
    const value = this.#index.uniform(tile);
    if (value !== undefined || typeof content === 'number') return value === content;
    return showsTile(this.#mask, this.#index.place(tile), content);
  }
}
