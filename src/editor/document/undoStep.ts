/** What one step of the history holds: what undo takes back at once. */
import type { TileContent } from '../kernels/tileContent';

/** A change of something other than the mask. */
export interface Beside {
  /** Fetches what the exchange needs; undefined if nothing is missing. If it rejects, nothing has changed. */
  ready?(): Promise<unknown> | undefined;
  /** Swaps the present state with the one that is kept; doing it twice changes nothing. */
  exchange(): void;
}

/** How a change of something other than the mask joins the steps. */
export interface Noting {
  /** The step that it belongs to, so that one undo takes back both. If that step is gone it becomes its own. */
  with?: Step | undefined;
  /** Whether undone steps can still be redone, because they do not change the same thing. */
  keepsRedo?: boolean;
}

/** What undo takes back at once: a change of the mask, of something beside it, or of both. */
export interface Step {
  /** The tiles' earlier contents; or an inversion, which is its own inverse and needs no memory. */
  readonly mask: ReadonlyMap<number, TileContent> | 'invert' | null;
  beside: Beside | null;
}

/** An estimate of what a step, or a tile in it, takes beside its pixels. */
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
