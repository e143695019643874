/** What the tool that selects things asks for. */
import type { Point, Rect } from '../../image/geometry';
import type { Mode } from '../../image/mask/mask';

export interface ObjectHand {
  /** A press on a thing; another on the same place takes another thing there in its place: larger, then round again. */
  selectAt(point: Point, how: { mode: Mode; grow: number }): Promise<void>;
  /** A box around a thing; one that is nearly flat counts as nothing. */
  selectIn(box: Rect, how: { mode: Mode; grow: number }): Promise<void>;
  /** A press on what does not belong to the thing selected last; without one, the thing there leaves the mask. */
  exclude(point: Point, how: { grow: number }): Promise<void>;
  /**
   * Whatever has that name, wherever it is in the image.
   * @returns whether something has
   * @throws an AbortError if it was stopped, and what the source throws
   */
  selectNamed(text: string, how: { mode: Mode; grow: number }): Promise<boolean>;
  /** Shows what a press there would take, if that is known soon. */
  hint(point: Point): void;
  /** Takes the hint away. */
  endHint(): void;
}

/** A marked place, until its answer is there. */
export interface ObjectMark extends Point {
  include: boolean;
}
