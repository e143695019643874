/** Mouse, pen and touch on the canvas: one pointer paints, two pan and zoom, the wheel zooms. */
import type { Point } from './kernels/geometry';
import { toImage } from './kernels/view';
import type { Editor } from './store';

export interface PointerHooks {
  /** Where the brush's outline belongs, in view pixels; null to hide it. */
  onHover(viewPoint: Point | null): void;
  /** Whether a drag pans instead of painting: the space bar is down. */
  isPanning(): boolean;
}

/** Zoom per pixel of wheel travel; a pinch on a trackpad sends small deltas with Ctrl. */
const WHEEL_SPEED = 0.0016;
const PINCH_SPEED = 0.012;

/** @returns how to detach */
export function attachPointer(element: HTMLElement, editor: Editor, hooks: PointerHooks): () => void {
  const pointers = new Map<number, Point>();
  let mode: 'idle' | 'paint' | 'pan' | 'pinch' = 'idle';

  const toPoint = (event: MouseEvent): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const paint = (viewPoint: Point) => editor.stroke(toImage(editor.store.getState().view, viewPoint));

  const onDown = (event: PointerEvent) => {
    if (event.pointerType === 'mouse' && event.button > 1) return;
    element.setPointerCapture(event.pointerId);
    const point = toPoint(event);
    pointers.set(event.pointerId, point);
    if (pointers.size === 2) {
      // A second finger: what the first has painted on its way was not meant.
      if (mode === 'paint') editor.abandonStroke();
      mode = 'pinch';
      hooks.onHover(null);
    } else if (pointers.size === 1) {
      mode = event.button === 1 || hooks.isPanning() ? 'pan' : 'paint';
      if (mode === 'paint') paint(point);
    }
    // The middle button would start to scroll by itself.
    if (event.button === 1) event.preventDefault();
  };

  const onMove = (event: PointerEvent) => {
    const point = toPoint(event);
    const before = pointers.get(event.pointerId);
    if (before) pointers.set(event.pointerId, point);
    if (mode !== 'pinch') hooks.onHover(event.pointerType === 'touch' && mode === 'idle' ? null : point);
    if (!before) return;
    if (mode === 'paint') {
      const passed = event.getCoalescedEvents();
      for (const step of passed.length > 0 ? passed : [event]) paint(toPoint(step));
    } else if (mode === 'pan') {
      editor.panBy(point.x - before.x, point.y - before.y);
    } else if (mode === 'pinch') {
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) pinch(before, point, other);
    }
  };

  const pinch = (before: Point, now: Point, other: Point) => {
    const wasApart = Math.hypot(before.x - other.x, before.y - other.y);
    const isApart = Math.hypot(now.x - other.x, now.y - other.y);
    editor.panBy((now.x - before.x) / 2, (now.y - before.y) / 2);
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    if (wasApart > 0) editor.zoomTo((editor.store.getState().view.scale * isApart) / wasApart, middle);
  };

  const onUp = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    if (mode === 'paint') {
      if (event.type === 'pointercancel') editor.abandonStroke();
      else editor.endStroke();
    }
    if (pointers.size === 0) mode = 'idle';
    if (event.pointerType === 'touch') hooks.onHover(null);
  };

  const onLeave = () => {
    if (mode === 'idle') hooks.onHover(null);
  };

  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.shiftKey) {
      editor.panBy(-(event.deltaX || event.deltaY) * lines, 0);
      return;
    }
    const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED));
    editor.zoomTo(editor.store.getState().view.scale * factor, toPoint(event));
  };

  const listeners = {
    pointerdown: onDown,
    pointermove: onMove,
    pointerup: onUp,
    pointercancel: onUp,
    pointerleave: onLeave,
  } as const;
  for (const [type, listener] of Object.entries(listeners)) {
    element.addEventListener(type, listener as EventListener);
  }
  // Not passive: the page must not zoom or scroll with it.
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => {
    for (const [type, listener] of Object.entries(listeners)) {
      element.removeEventListener(type, listener as EventListener);
    }
    element.removeEventListener('wheel', onWheel);
  };
}
