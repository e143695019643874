/** What commands do to tools, view and adjustments. */
import { noMargins } from '../../editor/document/adjusting';
import { type Editor, toolOf, tools } from '../../editor/store';
import type { Session } from '../../state/session/session';

const BRUSH_FACTOR = 1.2;
const ZOOM_FACTOR = 1.25;
const HARDNESS_STEP = 0.1;

export function scaleBrush(editor: Editor, direction: 'smaller' | 'larger'): void {
  const { brushSize } = editor.store.getState();
  // Rounded away from the present size, so that a small brush changes too.
  editor.setBrushSize(
    direction === 'larger' ? Math.ceil(brushSize * BRUSH_FACTOR) : Math.floor(brushSize / BRUSH_FACTOR),
  );
}

/** @param direction 1 for harder, -1 for softer */
export function harden(editor: Editor, direction: 1 | -1): void {
  editor.setOptions({ hardness: editor.store.getState().hardness + direction * HARDNESS_STEP });
}

/** Takes up the opposite tool (brush and eraser), or switches between adding and subtracting. */
export function swap(editor: Editor): void {
  const { tool, mode } = editor.store.getState();
  const { opposite } = toolOf(tool);
  const other = tools.find(({ id }) => id === opposite);
  if (other) editor.setTool(other.id);
  else editor.setOptions({ mode: mode === 'subtract' ? 'add' : 'subtract' });
}

export function zoomBy(editor: Editor, direction: 'in' | 'out'): void {
  const { scale } = editor.store.getState().view;
  editor.zoomTo(direction === 'in' ? scale * ZOOM_FACTOR : scale / ZOOM_FACTOR);
}

/** Shows one image pixel on one pixel of the screen. */
export function actualSize(editor: Editor): void {
  editor.zoomTo(1 / window.devicePixelRatio);
}

export function toggleMaskOnly(editor: Editor): void {
  const { look } = editor.store.getState();
  editor.setOptions({ look: { ...look, show: look.show === 'maskOnly' ? 'overlay' : 'maskOnly' } });
}

/** Starts adjusting the frame or the canvas, or stops; nothing is started during a run or without something to adjust. */
export function toggleAdjusting({ editor, run }: Session, what: 'frame' | 'canvas'): void {
  const { adjusting, picture, maskBounds } = editor.store.getState();
  if (adjusting?.what === what) editor.setAdjusting(null);
  else if (!picture || run.getState().running) return;
  else if (what === 'canvas') editor.setAdjusting({ what, margins: noMargins });
  else if (maskBounds.width > 0) editor.setAdjusting({ what });
}

/** Drops the shape being drawn; else stops opening an image; else cancels the run; else stops adjusting frame or canvas. */
export function cancelCurrent({ editor, run, cancel, cancelOpening }: Session): void {
  const { draft } = editor.store.getState();
  if (draft || editor.gesture.isPressed) {
    editor.gesture.cancel();
    editor.setDraft(null);
  } else if (cancelOpening()) return;
  else if (run.getState().running) cancel();
  else editor.setAdjusting(null);
}
