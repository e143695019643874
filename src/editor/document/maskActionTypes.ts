/** What can be done to the mask, as the editor's other parts see it. */
import type { MaskPart } from '../../contract/assist';
import type { Point } from '../../image/geometry';
import type { Mode } from '../../image/mask/mask';
import type { Mask } from '../../image/raster';
import type { Shape } from '../kernels/shape';
import type { Operation } from '../tools/tool';
import type { Edge } from '../workers/maskOperations';
import type { Picture } from './picture';
import type { Beside, Noting, Step } from './undoStep';

export interface StrokeInput {
  /** Of a pen, 0 … 1; ignored unless the option for it is on. */
  pressure?: number;
  /** Whether the stroke removes the mask instead of adding to it; decided by its start. */
  erase?: boolean;
}

export interface MaskActions {
  /** Starts a stroke (a dab) or continues it; points in image pixels. */
  stroke(point: Point, input?: StrokeInput): void;
  endStroke(): void;
  /** Takes back the stroke being painted, for example because a second finger came down. */
  abandonStroke(): void;
  /** Where the last stroke ended, for straight lines from there; null before the first. */
  strokeEnd(): Point | null;
  undo(): void;
  redo(): void;
  /** Takes a step back for good if it is still the newest, because what it was made for did not come about. */
  withdraw(step: Step): void;
  fill(): void;
  clear(): void;
  invert(): void;
  fillShape(shape: Shape, mode: Mode): void;
  /** Joins what an operation selects from the image with the mask. */
  select<Request>(operation: Operation<Request>, request: Request, mode: Mode): Promise<void>;
  /**
   * Joins what `find` selects in the image with the mask. Until it has an answer the mask can be painted on.
   * @param how `replaces`: the step that this one corrects, if it is still the newest
   * @returns the step; null if there is none @throws what `find` throws
   */
  selectPart(
    find: (picture: Picture) => Promise<MaskPart | null>,
    how: { mode: Mode; replaces?: Step | undefined },
  ): Promise<Step | null>;
  /** Grows, shrinks or feathers. @param radius whole image pixels; by default the state's */
  edge(edge: Edge, radius?: number): Promise<void>;
  /** Masks the transparent parts of the image. */
  fromTransparency(): Promise<void>;
  /** Replaces the mask by another one of the same size, as a step. @throws RangeError if the sizes differ */
  replaceMask(mask: Mask): Promise<void>;
  /** Adds a change of something other than the mask as a step. */
  record(beside: Beside): void;
  /** The same at once, even during a stroke or while a command is being computed. */
  note(beside: Beside, how?: Noting): void;
  /** The step that undo would take back next; null if there isn't one. */
  lastStep(): Step | null;
  /**
   * For actions that take time and put another version on the canvas: later commands wait for them, strokes do not.
   * @returns undefined if another image was opened before its turn came
   */
  inLine<Result>(action: () => Promise<Result>): Promise<Result | undefined>;
  /** Resolves once nothing is being computed. */
  settled(): Promise<void>;
}
