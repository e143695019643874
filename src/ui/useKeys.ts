/** The page's keys; those of single letters rest while text is typed. */
import { useEffect } from 'react';
import type { Session } from '../state/session';

export interface KeyHooks {
  onCompare(held: boolean): void;
  onHelp(): void;
}

/** What the help sheet and the tooltips show. */
export const keyTable: readonly (readonly [keys: string, action: string])[] = [
  ['B', 'Brush'],
  ['E', 'Eraser'],
  ['[  ]', 'Smaller, larger brush'],
  ['Ctrl Z', 'Undo'],
  ['Ctrl Shift Z', 'Redo'],
  ['Ctrl Enter', 'Generate'],
  ['Esc', 'Cancel the run'],
  ['C (hold)', 'Compare the result with what it was painted on'],
  ['Wheel', 'Zoom about the pointer'],
  ['Space and drag', 'Move the picture'],
  ['+  −  0', 'Zoom in, out, fit'],
  ['Ctrl O', 'Open a picture'],
  ['?', 'This list'],
];

const BRUSH_FACTOR = 1.2;
const ZOOM_FACTOR = 1.25;

export function useKeys(session: Session, openFile: () => void, { onCompare, onHelp }: KeyHooks): void {
  useEffect(() => {
    const { editor } = session;
    const scaleBrush = (factor: number) => {
      const { brushSize } = editor.store.getState();
      const scaled = brushSize * factor;
      editor.setBrushSize(factor > 1 ? Math.ceil(scaled) : Math.floor(scaled));
    };
    const zoom = (factor: number) => editor.zoomTo(editor.store.getState().view.scale * factor);
    const plain: Record<string, () => void> = {
      b: () => editor.setTool('brush'),
      e: () => editor.setTool('eraser'),
      '[': () => scaleBrush(1 / BRUSH_FACTOR),
      ']': () => scaleBrush(BRUSH_FACTOR),
      '+': () => zoom(ZOOM_FACTOR),
      '=': () => zoom(ZOOM_FACTOR),
      '-': () => zoom(1 / ZOOM_FACTOR),
      '0': () => editor.fit(),
      c: () => onCompare(true),
      '?': onHelp,
    };
    const onDown = (event: KeyboardEvent) => {
      const key = event.key.toLowerCase();
      const control = event.ctrlKey || event.metaKey;
      if (control && key === 'enter') {
        event.preventDefault();
        void session.generate();
      } else if (control && key === 'o') {
        event.preventDefault();
        openFile();
      } else if (key === 'escape') {
        session.cancel();
      } else if (isTyping(event.target)) {
        return;
      } else if (control && key === 'z') {
        event.preventDefault();
        if (event.shiftKey) editor.redo();
        else editor.undo();
      } else if (control && key === 'y') {
        event.preventDefault();
        editor.redo();
      } else if (!control && !event.altKey) {
        plain[key]?.();
      }
    };
    const onUp = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'c') onCompare(false);
    };
    const release = () => onCompare(false);
    window.addEventListener('keydown', onDown);
    window.addEventListener('keyup', onUp);
    window.addEventListener('blur', release);
    return () => {
      window.removeEventListener('keydown', onDown);
      window.removeEventListener('keyup', onUp);
      window.removeEventListener('blur', release);
    };
  }, [session, openFile, onCompare, onHelp]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, [contenteditable=true]') !== null;
}
