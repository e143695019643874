/** What tools that work by dragging share: painting strokes, and drawing a shape from its first point to its last. */
import { type Shape, squareCorner } from '../kernels/shape';
import { brushSize, hardness, penPressure } from './brushOptions';
import { mode } from './modeOption';
import type { Hand, ToolEvent } from './tool';

export const strokeOptions = [brushSize, hardness, penPressure] as const;
export const shapeOptions = [mode] as const;

/** Starts a stroke of brush or eraser. Alt turns each into the other; Shift draws a line from where the last one ended. */
export function startStroke(hand: Hand, event: ToolEvent, erases: boolean): void {
  const { point, pressure, shift, alt, erase: isEraserEnd } = event;
  const erase = isEraserEnd || erases !== Boolean(alt);
  const from = shift ? hand.strokeEnd() : null;
  if (from) hand.stroke(from, { pressure, erase });
  hand.stroke(point, { pressure, erase });
}

export function continueStroke(hand: Hand, { point, pressure }: ToolEvent): void {
  hand.stroke(point, { pressure });
}

export function endStroke(hand: Hand): void {
  hand.endStroke();
}

export function startShape(hand: Hand, event: ToolEvent, shape: Shape['kind']): void {
  const { point } = event;
  hand.setDraft({ shape, mode: hand.modeFor(event), points: [point], hover: null, isByCorners: false });
}

/** Adds a point to a line drawn by hand. */
export function addPoint({ draft, setDraft }: Hand, { point }: ToolEvent): void {
  if (draft) setDraft({ ...draft, points: [...draft.points, point] });
}

/** Moves the corner opposite to where the drag began; with Ctrl all sides are equal. */
export function moveCorner({ draft, setDraft }: Hand, { point, pressedAt, control }: ToolEvent): void {
  const corner = control ? squareCorner(pressedAt, point) : point;
  if (draft) setDraft({ ...draft, points: [pressedAt, corner] });
}

export function finishShape(hand: Hand): void {
  hand.finishDraft();
}
