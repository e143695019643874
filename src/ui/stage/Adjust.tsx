/** The frame that is sent and the canvas itself, dragged by handles or set by numbers. */
import { Check, Crop, Expand, RotateCcw, X } from 'lucide-react';
import {
  type KeyboardEvent,
  type PointerEvent as ReactPointerEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { rectToView } from '../../editor/kernels/view';
import { attachWheel, MIDDLE_BUTTON } from '../../editor/view/pointer';
import {
  canvasBox,
  dragBox,
  dragMargins,
  edgeHandles,
  fitBox,
  type Handle,
  limitMargins,
  type Margins,
  noMargins,
} from '../../image/box';
import { MIN_FRAME } from '../../image/crop';
import { isEmptyRect, type Point, type Rect, rectOfSize, type Size } from '../../image/geometry';
import { MAX_CANVAS_SIDE } from '../../image/outpaint';
import type { Session } from '../../state/session/session';
import { useEditor, useJob, useSession } from '../base/context';
import { IconButton } from '../controls/IconButton';
import { keysOf } from '../page/commands';
import './adjust.css';

/** What the handles on the stage move: nothing, the frame that is sent, or the canvas by so much on each side. */
export type Adjusting = null | { what: 'frame' } | { what: 'canvas'; margins: Margins };

/**
 * What a press of its button or key makes of `now`: taken up, or let go again. Nothing is taken up while there is
 * nothing to adjust, or a run goes on.
 */
export function toggleAdjusting(session: Session, now: Adjusting, what: 'frame' | 'canvas'): Adjusting {
  if (now?.what === what) return null;
  const { picture, maskBounds } = session.editor.store.getState();
  if (!picture || session.job.getState().running) return now;
  if (what === 'canvas') return { what, margins: noMargins };
  return isEmptyRect(maskBounds) ? now : { what };
}

export interface AdjustProps {
  adjusting: Adjusting;
  onAdjust(adjusting: Adjusting): void;
  /** The frame as it would be sent now; null while nothing is painted. */
  frame: Rect | null;
}

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

export function AdjustButtons({ adjusting, onAdjust, frame }: AdjustProps) {
  const ready = useEditor((state) => state.picture !== null);
  const running = useJob((state) => state.running);
  const session = useSession();
  const toggle = (what: 'frame' | 'canvas') => onAdjust(toggleAdjusting(session, adjusting, what));
  return (
    <>
      <IconButton
        name="Adjust the frame"
        label="Frame"
        icon={Crop}
        side="top"
        tip={frame ? 'Adjust the frame that is sent' : 'Adjust the frame that is sent: paint a mask first'}
        pressed={adjusting?.what === 'frame'}
        disabled={!frame || running}
        keys={keysOf('frame')}
        onPress={() => toggle('frame')}
      />
      <IconButton
        name="Extend the canvas"
        label="Extend"
        icon={Expand}
        side="top"
        pressed={adjusting?.what === 'canvas'}
        disabled={!ready || running}
        keys={keysOf('canvas')}
        onPress={() => toggle('canvas')}
      />
    </>
  );
}

/** In place of the tool's options while something is adjusted. */
export function AdjustOptions({ adjusting, onAdjust, frame }: AdjustProps) {
  const session = useSession();
  const picture = useEditor((state) => state.picture);
  if (!adjusting || !picture) return null;
  const done = () => onAdjust(null);
  if (adjusting.what === 'frame') {
    const { moveFrame, endFrame } = session.editor;
    const set = (part: Partial<Rect>) =>
      frame && moveFrame(fitBox({ ...frame, ...part }, picture, MIN_FRAME));
    return (
      <div className="tool-options" role="toolbar" aria-label="The frame that is sent">
        {frame &&
          (['x', 'y', 'width', 'height'] as const).map((part) => (
            <PixelInput
              key={part}
              label={{ x: 'X', y: 'Y', width: 'W', height: 'H' }[part]}
              name={`Frame ${part}`}
              value={frame[part]}
              min={part === 'x' || part === 'y' ? 0 : Math.min(MIN_FRAME, picture.width, picture.height)}
              max={part === 'x' || part === 'width' ? picture.width : picture.height}
              onChange={(value) => set({ [part]: value })}
              onEnd={endFrame}
            />
          ))}
        <IconButton
          name="Reset to the automatic frame"
          label="Reset"
          icon={RotateCcw}
          side="top"
          onPress={() => {
            moveFrame(null);
            endFrame();
          }}
        />
        <IconButton name="Done" label="Done" icon={Check} side="top" onPress={done} />
      </div>
    );
  }
  const { margins } = adjusting;
  const set = (part: Partial<Margins>) =>
    onAdjust({
      what: 'canvas',
      margins: limitMargins(picture, { ...margins, ...part }, MAX_CANVAS_SIDE),
    });
  const changes = Object.values(margins).some((margin) => margin > 0);
  return (
    <div className="tool-options" role="toolbar" aria-label="Extend the canvas by">
      {(['left', 'top', 'right', 'bottom'] as const).map((side) => (
        <PixelInput
          key={side}
          label={{ left: '←', top: '↑', right: '→', bottom: '↓' }[side]}
          name={`Extend ${side}`}
          value={margins[side]}
          min={0}
          max={MAX_CANVAS_SIDE}
          onChange={(value) => set({ [side]: value })}
        />
      ))}
      <IconButton
        name="Apply"
        label="Apply"
        icon={Check}
        side="top"
        disabled={!changes}
        onPress={() => {
          done();
          void session.extend(margins);
        }}
      />
      <IconButton name="Leave the canvas as it is" label="Leave" icon={X} side="top" onPress={done} />
    </div>
  );
}

interface PixelInputProps {
  label: string;
  name: string;
  value: number;
  min: number;
  max: number;
  onChange(value: number): void;
  /** When no more is typed. */
  onEnd?(): void;
}

function PixelInput({ label, name, value, min, max, onChange, onEnd }: PixelInputProps) {
  /** What stands there while one types: on the way to 300 a 3, which no frame can have as its width. */
  const [typed, setTyped] = useState<string | null>(null);
  const end = () => {
    setTyped(null);
    onEnd?.();
  };
  return (
    <label className="pixel-input">
      <span aria-hidden>{label}</span>
      <input
        type="number"
        inputMode="numeric"
        className="tabular"
        aria-label={name}
        step={8}
        min={min}
        max={max}
        value={typed ?? value}
        onChange={({ target }) => {
          setTyped(target.value);
          if (Number.isFinite(target.valueAsNumber)) onChange(Math.round(target.valueAsNumber));
        }}
        onBlur={end}
        onKeyDown={({ key }) => key === 'Enter' && end()}
      />
    </label>
  );
}

/** Share of the canvas's larger side that is kept free around it, for its edges to be drawn out into. */
const ROOM = 0.12;

/** Keeps the whole canvas in sight, and room around it, as long as it is drawn out; then the view is as before. */
function useRoomAround({ x, y, width, height }: Rect, isHeld: boolean): void {
  const { editor } = useSession();
  useLayoutEffect(() => {
    const { fitted } = editor.store.getState();
    return () => {
      if (fitted) editor.fit();
    };
  }, [editor]);
  useLayoutEffect(() => {
    // While a handle is held the view stays: it would slip from under the pointer.
    if (isHeld) return;
    const room = Math.round(Math.max(width, height) * ROOM);
    editor.reveal({ x: x - room, y: y - room, width: width + 2 * room, height: height + 2 * room });
  }, [editor, isHeld, x, y, width, height]);
}

/** The handles on the stage. */
export function AdjustHandles({ adjusting, onAdjust, frame }: AdjustProps) {
  const picture = useEditor((state) => state.picture);
  if (!adjusting || !picture) return null;
  if (adjusting.what === 'frame') {
    return frame && <FrameHandles picture={picture} frame={frame} />;
  }
  return <CanvasHandles picture={picture} margins={adjusting.margins} onAdjust={onAdjust} />;
}

function FrameHandles({ picture, frame }: { picture: Size; frame: Rect }) {
  const { moveFrame, endFrame } = useSession().editor;
  // Let go of in the middle of a drag, it stays where it is.
  useEffect(() => endFrame, [endFrame]);
  const limits = {
    bounds: rectOfSize(picture),
    minSide: Math.min(MIN_FRAME, picture.width, picture.height),
  };
  return (
    <Handles
      name="Frame"
      box={frame}
      handles={['move', ...edgeHandles]}
      onDrag={(handle, by, start) => moveFrame(dragBox(start, handle, by, limits))}
      onEnd={endFrame}
    />
  );
}

function CanvasHandles({
  picture,
  margins,
  onAdjust,
}: {
  picture: Size;
  margins: Margins;
  onAdjust: AdjustProps['onAdjust'];
}) {
  const box = canvasBox(picture, margins);
  const [isHeld, setHeld] = useState(false);
  useRoomAround(box, isHeld);
  return (
    <Handles
      name="Canvas"
      box={box}
      handles={edgeHandles}
      onHold={setHeld}
      onDrag={(handle, by, start) => {
        const from = {
          left: -start.x,
          top: -start.y,
          right: start.x + start.width - picture.width,
          bottom: start.y + start.height - picture.height,
        };
        onAdjust({ what: 'canvas', margins: dragMargins(picture, from, handle, by, MAX_CANVAS_SIDE) });
      }}
    />
  );
}

interface HandlesProps {
  name: string;
  /** In image pixels. */
  box: Rect;
  handles: readonly Handle[];
  /** @param by in image pixels, from the box as it was when the drag began */
  onDrag(handle: Handle, by: Point, start: Rect): void;
  /** When a handle is pressed, and when it is let go. */
  onHold?(isHeld: boolean): void;
  /** When it rests, be it moved by the pointer or by keys. */
  onEnd?(): void;
}

function Handles({ name, box, handles, onDrag, onHold, onEnd }: HandlesProps) {
  const { editor } = useSession();
  const view = useEditor((state) => state.view);
  const root = useRef<HTMLDivElement>(null);
  const drag = useRef<{ pointerId: number; box: Rect; x: number; y: number; pans: boolean } | null>(null);
  const place = rectToView(view, box);
  // Handles lie over the canvas: what moves the view there moves it here, too.
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
          aria-description="Drag, or use the arrow keys; with Shift pixel by pixel"
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
