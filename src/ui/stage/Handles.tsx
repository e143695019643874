/** A box on the stage with handles, moved by the pointer or the arrow keys. */
import { type KeyboardEvent, type PointerEvent as ReactPointerEvent, useEffect, useRef } from 'react';
import type { Handle } from '../../editor/document/adjusting';
import { rectToView } from '../../editor/kernels/view';
import type { Point, Rect } from '../../editor/store';
import { attachWheel, MIDDLE_BUTTON } from '../../editor/view/pointer';
import { useEditor, useSession } from '../base/context';
import './adjust.css';

/** Image pixels that an arrow key moves a handle by; with Shift one. */
const KEY_STEP = 8;

const names: Record<Handle, string> = {
  move: 'whole',
  n: 'upper edge',
  s: 'lower edge',
  w: 'left edge',
  e: 'right edge',
  nw: 'upper left corner',
  ne: 'upper right corner',
  sw: 'lower left corner',
  se: 'lower right corner',
};

export interface HandlesProps {
  /** What the box is, for the handles' accessible names. */
  name: string;
  /** In image pixels. */
  box: Rect;
  handles: readonly Handle[];
  /** @param by in image pixels, from the box as it was when the drag began */
  onDrag(handle: Handle, by: Point, start: Rect): void;
  /** When a handle is pressed, and when it is let go. */
  onHold?(isHeld: boolean): void;
  /** When the box comes to rest, whether the pointer or keys moved it. */
  onEnd?(): void;
}

export function Handles({ name, box, handles, onDrag, onHold, onEnd }: HandlesProps) {
  const { editor } = useSession();
  const view = useEditor((state) => state.view);
  const root = useRef<HTMLDivElement>(null);
  const drag = useRef<{ pointerId: number; box: Rect; x: number; y: number; pans: boolean } | null>(null);
  const place = rectToView(view, box);
  // Handles cover the canvas: what moves the view there moves it here, too.
  useEffect(() => {
    const { current } = root;
    return current?.parentElement ? attachWheel(current, current.parentElement, editor) : undefined;
  }, [editor]);
  const press = (event: ReactPointerEvent) => {
    const { button, pointerId, clientX: x, clientY: y } = event;
    if (drag.current || button > MIDDLE_BUTTON) return;
    event.currentTarget.setPointerCapture(pointerId);
    const pans = button === MIDDLE_BUTTON || editor.store.getState().panning;
    // The middle button would start to scroll by itself.
    if (button === MIDDLE_BUTTON) event.preventDefault();
    drag.current = { pointerId, box, x, y, pans };
    if (!pans) onHold?.(true);
  };
  const release = ({ pointerId }: ReactPointerEvent) => {
    if (drag.current?.pointerId !== pointerId) return;
    drag.current = null;
    onHold?.(false);
    onEnd?.();
  };
  const move = (handle: Handle, event: ReactPointerEvent) => {
    const { current: start } = drag;
    if (start?.pointerId !== event.pointerId || event.buttons === 0) return;
    if (start.pans) {
      editor.panBy(event.clientX - start.x, event.clientY - start.y);
      drag.current = { ...start, x: event.clientX, y: event.clientY };
      return;
    }
    const by = { x: (event.clientX - start.x) / view.scale, y: (event.clientY - start.y) / view.scale };
    onDrag(handle, by, start.box);
  };
  const key = (handle: Handle, event: KeyboardEvent) => {
    const step = event.shiftKey ? 1 : KEY_STEP;
    const by = {
      ArrowLeft: { x: -step, y: 0 },
      ArrowRight: { x: step, y: 0 },
      ArrowUp: { x: 0, y: -step },
      ArrowDown: { x: 0, y: step },
    }[event.key];
    if (!by) return;
    event.preventDefault();
    onDrag(handle, by, box);
  };
  return (
    <div
      ref={root}
      className="adjust"
      style={{
        transform: `translate(${place.x}px, ${place.y}px)`,
        width: place.width,
        height: place.height,
      }}
    >
      {handles.map((handle) => (
        <button
          key={handle}
          type="button"
          className="handle"
          data-handle={handle}
          aria-label={`${name}, ${names[handle]}`}
          aria-description="Drag, or use the arrow keys; with Shift, pixel by pixel"
          onPointerDown={press}
          onPointerMove={(event) => move(handle, event)}
          onPointerUp={release}
          onPointerCancel={release}
          onKeyDown={(event) => key(handle, event)}
          onKeyUp={onEnd}
          onBlur={onEnd}
        />
      ))}
    </div>
  );
}
