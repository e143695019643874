/** What keys and buttons both do to tools and view. */
import type { Editor } from '../../editor/store';

const BRUSH_FACTOR = 1.2;
const ZOOM_FACTOR = 1.25;

export function scaleBrush(editor: Editor, direction: 'smaller' | 'larger'): void {
  const { brushSize } = editor.store.getState();
  // Rounded outward, so that a small brush changes too.
  editor.setBrushSize(
    direction === 'larger' ? Math.ceil(brushSize * BRUSH_FACTOR) : Math.floor(brushSize / BRUSH_FACTOR),
  );
}

/** Brush and eraser change places; shapes and wand change between adding and subtracting. */
export function swap(editor: Editor): void {
  const { tool, mode } = editor.store.getState();
  if (tool === 'brush') editor.setTool('eraser');
  else if (tool === 'eraser') editor.setTool('brush');
  else editor.setOptions({ mode: mode === 'subtract' ? 'add' : 'subtract' });
}

export function zoomBy(editor: Editor, direction: 'in' | 'out'): void {
  const { scale } = editor.store.getState().view;
  editor.zoomTo(direction === 'in' ? scale * ZOOM_FACTOR : scale / ZOOM_FACTOR);
}

/** One picture pixel on one pixel of the screen. */
export function actualSize(editor: Editor): void {
  editor.zoomTo(1 / window.devicePixelRatio);
}

export function toggleMaskAlone(editor: Editor): void {
  const { look } = editor.store.getState();
  editor.setOptions({ look: { ...look, show: look.show === 'alone' ? 'overlay' : 'alone' } });
}
