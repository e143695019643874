/** Mouse, pen and touch on the canvas: one pointer uses the tool, two fingers pan and zoom, the wheel zooms. */

import type { Point } from '../../image/geometry';
import { toImage } from '../kernels/view';
import type { Editor } from '../store';
import type { GestureInput } from '../tools/tool';

export interface PointerHooks {
  /** Where the brush's outline belongs, in view pixels; null to hide it. */
  onHover(viewPoint: Point | null): void;
}

/** Zoom per pixel of wheel travel; a pinch on a trackpad sends small deltas with Ctrl. */
const WHEEL_SPEED = 0.0016;
const PINCH_SPEED = 0.012;
export const MIDDLE_BUTTON = 1;
/** The bit of a pen's eraser end in `buttons`. */
const ERASER_END = 32;

/**
 * The wheel zooms at the pointer; with Shift it pans.
 * @param element the canvas, or something that covers it
 * @param origin the element whose corner is the view's origin
 * @returns a function that detaches it
 */
export function attachWheel(element: HTMLElement, origin: Element, editor: Editor): () => void {
  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.shiftKey) {
      editor.panBy(-(event.deltaX || event.deltaY) * lines, 0);
      return;
    }
    const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED));
    editor.zoomTo(editor.store.getState().view.scale * factor, pointIn(origin, event));
  };
  // Not passive: the page must not zoom or scroll with it.
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => element.removeEventListener('wheel', onWheel);
}

function pointIn(element: Element, event: MouseEvent): Point {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/** @returns a function that detaches it */
export function attachPointer(element: HTMLElement, editor: Editor, hooks: PointerHooks): () => void {
  const { gesture } = editor;
  /** Pointers that are down, all of one kind: a hand resting on the screen while a pen paints is ignored. */
  const pointers = new Map<number, Point>();
  let kind = '';
  let mode: 'idle' | 'tool' | 'pan' | 'pinch' = 'idle';

  const toPoint = (event: MouseEvent) => pointIn(element, event);
  const imagePoint = (viewPoint: Point) => toImage(editor.store.getState().view, viewPoint);
  const input = (event: PointerEvent): GestureInput => ({
    // Only a pen's pressure means anything: a mouse reports 0.5, a finger varies by device.
    ...(event.pointerType === 'pen' && { pressure: event.pressure }),
    shift: event.shiftKey,
    alt: event.altKey,
    control: event.ctrlKey || event.metaKey,
    erase: (event.buttons & ERASER_END) !== 0,
  });

  const onDown = (event: PointerEvent) => {
    if (event.pointerType === 'mouse' && event.button > MIDDLE_BUTTON) return;
    if (pointers.size > 0 && event.pointerType !== kind) {
      // A pen takes precedence over the palm that came down first.
      if (event.pointerType !== 'pen') return;
      if (mode === 'tool') gesture.cancel();
      pointers.clear();
    }
    kind = event.pointerType;
    element.setPointerCapture(event.pointerId);
    editor.setKeyCursor(null);
    const point = toPoint(event);
    pointers.set(event.pointerId, point);
    if (pointers.size === 2) {
      // A second finger: what the first one painted was not intended.
      if (mode === 'tool') gesture.cancel();
      mode = 'pinch';
      hooks.onHover(null);
    } else if (pointers.size === 1) {
      mode = event.button === MIDDLE_BUTTON || editor.store.getState().panning ? 'pan' : 'tool';
      if (mode === 'tool') gesture.press(imagePoint(point), input(event));
    }
    // The middle button would start to scroll by itself.
    if (event.button === MIDDLE_BUTTON) event.preventDefault();
  };

  const onMove = (event: PointerEvent) => {
    const point = toPoint(event);
    const before = pointers.get(event.pointerId);
    if (!before && pointers.size > 0 && event.pointerType !== kind) return;
    if (before) pointers.set(event.pointerId, point);
    if (mode !== 'pinch') hooks.onHover(event.pointerType === 'touch' && mode === 'idle' ? null : point);
    if (!before) {
      // The line from a polygon's last corner follows the pointer between presses.
      if (mode === 'idle') gesture.move(imagePoint(point), input(event));
    } else if (mode === 'tool') {
      const passed = event.getCoalescedEvents();
      for (const step of passed.length > 0 ? passed : [event]) {
        gesture.move(imagePoint(toPoint(step)), input(step));
      }
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
    const last = pointers.get(event.pointerId);
    if (!last) return;
    pointers.delete(event.pointerId);
    if (mode === 'tool') {
      if (event.type === 'pointercancel') gesture.cancel();
      // The capture was lost without a release, for example to a browser dialog: what was painted stays.
      else if (event.type === 'lostpointercapture') gesture.release(imagePoint(last), input(event));
      else gesture.release(imagePoint(toPoint(event)), input(event));
    }
    if (pointers.size === 0) mode = 'idle';
    if (event.pointerType === 'touch') hooks.onHover(null);
  };

  const onLeave = () => {
    if (mode === 'idle') hooks.onHover(null);
  };

  // A pen's side button, or a long press with a finger, would open the browser's menu over the image.
  const onMenu = (event: Event) => event.preventDefault();

  const listeners = {
    pointerdown: onDown,
    pointermove: onMove,
    pointerup: onUp,
    pointercancel: onUp,
    lostpointercapture: onUp,
    pointerleave: onLeave,
    contextmenu: onMenu,
  } as const;
  for (const [type, listener] of Object.entries(listeners)) {
    element.addEventListener(type, listener as EventListener);
  }
  const detachWheel = attachWheel(element, element, editor);
  return () => {
    for (const [type, listener] of Object.entries(listeners)) {
      element.removeEventListener(type, listener as EventListener);
    }
    detachWheel();
  };
}
