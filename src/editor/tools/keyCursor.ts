/** The canvas by keys: arrows move a cursor, Enter presses it down and lets it go, as a pointer would. */

import { clamp } from '../../image/geometry';
import { toImage, toView } from '../kernels/view';
import type { Editor } from '../store';
import type { GestureInput } from './gesture';

/** View pixels from the pane's edge within which the cursor is kept. */
const MARGIN = 24;

/** @param dx in view pixels, as `dy` */
export function moveKeyCursor(editor: Editor, dx: number, dy: number): void {
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

/** Brush, lasso, rectangle and ellipse: down, and up the next time. Polygon and wand: a click. */
export function pressKeyCursor(editor: Editor, input: GestureInput): void {
  const { keyCursor, tool } = editor.store.getState();
  if (!keyCursor) {
    moveKeyCursor(editor, 0, 0);
    return;
  }
  const { gesture } = editor;
  const clicks = tool === 'polygon' || tool === 'wand';
  if (!gesture.isPressed) gesture.press(keyCursor, input);
  else if (!clicks) gesture.release(keyCursor, input);
  if (clicks) gesture.release(keyCursor, input);
}
