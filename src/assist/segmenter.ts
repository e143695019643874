/** What the assistant needs of a model that selects what is clicked. */
import type { Point, Rect, Size } from '../image/geometry';
import type { Pixels } from '../image/raster';

/** A place that belongs to the thing or doesn't, or a box around it; in pixels of the image that was encoded. */
export interface SegmenterPrompt {
  points: readonly (Point & { include: boolean })[];
  box?: Rect | undefined;
}

/**
 * How sure the model is of each cell of a grid over the encoded image: above 0 is inside. The image covers the first `across`
 * × `down` cells of it, fractions included.
 */
export interface Logits extends Size {
  data: Float32Array;
  across: number;
  down: number;
}

export interface Candidate {
  logits: Logits;
  /** How good the model thinks it: 1 is perfect. */
  score: number;
}

/** What a model answers to one prompt: which of its masks is meant is decided in candidates.ts. */
export interface Answer {
  /** Of different extents, such as a wheel, its car and the street. */
  masks: readonly Candidate[];
  /** The mask for prompts that have one meaning; absent if the model has none apart. */
  plain?: Candidate | undefined;
}

/** What a segmenter knows of an image; only the segmenter that made it can read it. */
export interface Encoded {
  /** Of the image that was encoded. */
  readonly size: Size;
}

export interface Segmenter<Own extends Encoded = Encoded> {
  /** An image's longer side is scaled to this before it is encoded, in pixels. */
  readonly side: number;
  /** Takes seconds. @param pixels opaque, sRGB, its longer side {@link side} */
  encode(pixels: Pixels): Promise<Own>;
  /** Takes tenths of a second. @param hint the answer to an earlier prompt for the same thing, which this one corrects */
  decode(encoded: Own, prompt: SegmenterPrompt, hint?: Logits): Promise<Answer>;
  dispose(): Promise<void>;
}

/**
 * Splits a decoder's outputs into its masks.
 * @param masks all its logits, one grid after another @param scores one for each
 * @param grid what is the same for all of them
 * @returns undefined if the outputs are others
 */
export function candidatesOf(
  masks: unknown,
  scores: unknown,
  grid: Omit<Logits, 'data'>,
): Candidate[] | undefined {
  if (!(masks instanceof Float32Array && scores instanceof Float32Array)) return undefined;
  const cells = grid.width * grid.height;
  if (scores.length === 0 || masks.length !== scores.length * cells) return undefined;
  return Array.from(scores, (score, i) => ({
    logits: { ...grid, data: masks.slice(i * cells, (i + 1) * cells) },
    score,
  }));
}
