/** The image at one scale. */
import type { Size } from '../geometry';

/**
 * What a pixel is, and how much it counts where two patches are compared: known colours count twice as much as guessed
 * ones; what is transparent counts for nothing and is left as it is.
 */
export const KNOWN = 2;
export const HOLE = 1;
export const VOID = 0;

export interface Level extends Size {
  /** RGB; in the hole the guess so far, written in place. [height × width × 3] */
  colours: Uint8Array;
  /** How rough it is across and down: texture.ts; in the hole guessed as colours are. [height × width × 2] */
  roughness: Float32Array;
  /** KNOWN, HOLE or VOID. [height × width] */
  kinds: Uint8Array;
}
