/** The canvas by keys: arrows move a cursor, Enter presses and releases it, as a pointer would. */

import { clamp } from '../../image/geometry';
import { toImage, toView } from '../kernels/view';
import type { Editor } from '../store';
import type { GestureInput } from './tool';
import { toolOf } from './toolSettings';

/** The cursor keeps this far from the pane's edge, in view pixels. */
const MARGIN = 24;
/** View pixels that an arrow key moves the cursor by; with Shift it is one image pixel. */
const ARROW_STEP = 16;

/** @param dx in view pixels, as `dy` */
function moveKeyCursor(editor: Editor, dx: number, dy: number): void {
  const { picture, view, viewSize, keyCursor, draft } = editor.store.getState();
  if (!picture) return;
  const middle = toImage(view, { x: viewSize.width / 2, y: viewSize.height / 2 });
  const from = keyCursor ?? middle;
  const cursor = {
    x: clamp(from.x + dx / view.scale, 0, picture.width),
    y: clamp(from.y + dy / view.scale, 0, picture.height),
  };
  editor.setKeyCursor(cursor);
  if (editor.gesture.isPressed || draft) editor.gesture.move(cursor);
  const { x, y } = toView(view, cursor);
  const outside = (at: number, length: number) =>
    Math.max(0, MARGIN - at) - Math.max(0, at - (length - MARGIN));
  const panX = outside(x, viewSize.width);
  const panY = outside(y, viewSize.height);
  if (panX !== 0 || panY !== 0) editor.panBy(panX, panY);
}

/** Presses, and releases the next time; tools that only click do both at once. */
function pressKeyCursor(editor: Editor, input: GestureInput): void {
  const { keyCursor, tool } = editor.store.getState();
  if (!keyCursor) {
    moveKeyCursor(editor, 0, 0);
    return;
  }
  const { gesture } = editor;
  const { cursorClick } = toolOf(tool);
  if (!gesture.isPressed) gesture.press(keyCursor, input);
  else if (!cursorClick) gesture.release(keyCursor, input);
  if (cursorClick) gesture.release(keyCursor, input);
}

/** Handles a key that was pressed on the canvas. @returns false if it means nothing to the current tool */
export function pressCanvasKey(editor: Editor, event: KeyboardEvent): boolean {
  const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
  const { view, draft, keyCursor } = editor.store.getState();
  const step = shiftKey ? view.scale : ARROW_STEP;
  const arrows: Record<string, [dx: number, dy: number]> = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  const arrow = arrows[key];
  if (arrow) moveKeyCursor(editor, ...arrow);
  else if (key === 'Enter' && !ctrlKey && !metaKey) {
    if (draft?.isByCorners && !keyCursor) editor.gesture.finish();
    else pressKeyCursor(editor, { shift: shiftKey, alt: altKey });
  } else if (key === 'Backspace' && draft?.isByCorners) {
    editor.setDraft(draft.points.length > 1 ? { ...draft, points: draft.points.slice(0, -1) } : null);
  } else return false;
  return true;
}
