/** What tools that work by dragging share: painting strokes, and drawing a shape from its first point to its last. */
import { type Shape, squareCorner } from '../kernels/shape';
import { brushSize, hardness, mode, penPressure } from './options';
import type { Tool } from './tool';

type Dragging = Required<Pick<Tool, 'press' | 'move' | 'release'>>;

export const strokeOptions = [brushSize, hardness, penPressure] as const;
export const shapeOptions = [mode] as const;

/** Brush and eraser; Alt turns each into the other, Shift draws a straight line from the last stroke's end. */
export function strokes(erases: boolean): Dragging {
  return {
    press(hand, { point, pressure, shift, alt, erase: isEraserEnd }) {
      const erase = isEraserEnd || erases !== Boolean(alt);
      const from = shift ? hand.strokeEnd() : null;
      if (from) hand.stroke(from, { pressure, erase });
      hand.stroke(point, { pressure, erase });
    },
    move: (hand, { point, pressure }) => hand.stroke(point, { pressure }),
    release: (hand) => hand.endStroke(),
  };
}

/** Shapes that one drag draws; with Ctrl the sides of those with two corners are equal. */
export function drawsShape(shape: Shape['kind']): Dragging {
  return {
    press(hand, event) {
      const { point } = event;
      hand.setDraft({ shape, mode: hand.modeFor(event), points: [point], hover: null, isByCorners: false });
    },
    move({ draft, setDraft }, { point, pressedAt, control }) {
      if (!draft) return;
      if (shape === 'outline') setDraft({ ...draft, points: [...draft.points, point] });
      else setDraft({ ...draft, points: [pressedAt, control ? squareCorner(pressedAt, point) : point] });
    },
    release: (hand) => hand.finishDraft(),
  };
}
