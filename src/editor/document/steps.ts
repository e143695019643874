/** What one step of the history holds: what undo takes back at once. */
import type { TileContent } from '../kernels/tileContent';

/** A change of something beside the mask. */
export interface Beside {
  /** Fetches what the exchange needs; undefined where all is at hand. Nothing has changed if it rejects. */
  ready?(): Promise<unknown> | undefined;
  /** Puts what was there before in place of what is there, and keeps that: doing so twice changes nothing. */
  exchange(): void;
}

/** How a change beside the mask joins the steps. */
export interface Noting {
  /** The step that it belongs to: one undo takes back both. Alone where that is no longer the case, or absent. */
  with?: Step | undefined;
  /** Whether what was undone can still be done again: it changes nothing that those steps change. */
  keepsRedo?: boolean;
}

/** What undo takes back at once: a change of the mask, of something beside it, or of both. */
export interface Step {
  /** Earlier contents by tile; or an inversion, which is its own inverse and needs no memory. */
  readonly mask: ReadonlyMap<number, TileContent> | 'invert' | null;
  beside: Beside | null;
}

/** A guess at what a step, or a tile in it, costs beside its pixels. */
export const STEP_OVERHEAD_BYTES = 64;

/** The memory that a step holds. */
export function bytesOf({ mask }: Step): number {
  if (mask === null || mask === 'invert') return STEP_OVERHEAD_BYTES;
  let bytes = 0;
  for (const tile of mask.values()) {
    bytes += STEP_OVERHEAD_BYTES + (typeof tile === 'number' ? 0 : tile.byteLength);
  }
  return bytes;
}
