/** The canvas: a thin component around the editor, whose kernels compute and whose painter draws. */
import { type CSSProperties, type ReactNode, useEffect, useImperativeHandle, useRef } from 'react';
import { useStore } from 'zustand';
import type { Point, Rect } from '../../image/geometry';
import { rectToView, toView } from '../kernels/view';
import type { Editor, EditorState } from '../store';
import { type Draft, draftPath } from '../tools/draft';
import { toolOf } from '../tools/toolSettings';
import { overlayRatio, Painter } from './painter';
import { attachPointer } from './pointer';

export interface CanvasProps {
  editor: Editor;
  /** The area that will be sent to the model, in image pixels. */
  frame: Rect | null;
  frameLabel: string;
  /** Whether the mask reaches beyond the frame; the label says so and must be visible. */
  frameCuts: boolean;
  /** Whether a run is in progress: the mask pulsates until the first preview arrives. */
  busy: boolean;
  /** What covers image and mask without taking part in painting: a result. */
  children?: ReactNode;
}

export function Canvas({ editor, frame, frameLabel, frameCuts, busy, children }: CanvasProps) {
  const pane = useRef<HTMLDivElement>(null);
  const pictureLayer = useRef<HTMLCanvasElement>(null);
  const overlayLayer = useRef<HTMLCanvasElement>(null);
  const ring = useRef<RingHandle>(null);

  useEffect(() => {
    const [element, picture, overlay] = [pane.current, pictureLayer.current, overlayLayer.current];
    if (!element || !picture || !overlay) return;
    const painter = new Painter(editor, { picture, overlay });
    const resize = () => {
      const { clientWidth: width, clientHeight: height } = element;
      const layers: [HTMLCanvasElement, number][] = [
        [picture, window.devicePixelRatio],
        [overlay, overlayRatio(width, height)],
      ];
      for (const [layer, ratio] of layers) {
        layer.width = Math.round(width * ratio);
        layer.height = Math.round(height * ratio);
      }
      editor.resizeView({ width, height });
      painter.refresh();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    const detach = attachPointer(element, editor, {
      onHover(viewPoint) {
        ring.current?.moveTo(viewPoint);
        if (!viewPoint) editor.gesture.hand.objects.endHint();
      },
    });
    return () => {
      observer.disconnect();
      detach();
      painter.dispose();
    };
  }, [editor]);

  const view = useStore(editor.store, (state) => state.view);
  const panning = useStore(editor.store, (state) => state.panning);
  const hasRing = useStore(editor.store, (state) => toolOf(state.tool).hasRing === true);
  const picture = useStore(editor.store, (state) => state.picture);
  const draft = useStore(editor.store, (state) => state.draft);
  const hint = useStore(editor.store, (state) => state.objectHint);
  const marks = useStore(editor.store, (state) => state.objectMarks);
  const working = useStore(editor.store, ({ opening, working: title }) =>
    opening === null ? title : `Opening ${opening}`,
  );
  const keyCursor = useStore(editor.store, (state) => state.keyCursor);
  const forming = useStore(editor.store, () => editor.preview !== null);
  const place = picture && rectToView(view, { x: 0, y: 0, width: picture.width, height: picture.height });

  return (
    <div
      ref={pane}
      className="canvas"
      role="application"
      aria-label="Canvas"
      aria-describedby="canvas-help"
      aria-busy={working !== null}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys act on it
      tabIndex={0}
      data-panning={panning || undefined}
      data-paints={hasRing || undefined}
      data-busy={(busy && !forming) || undefined}
    >
      <span id="canvas-help" className="sr-only">
        Paint over what should change. The wheel zooms; Space and drag pans. Arrow keys move a cursor, Enter
        presses and releases it.
      </span>
      {place && <div className="canvas-shadow" style={boxStyle(place)} />}
      <canvas ref={pictureLayer} className="layer" />
      <canvas ref={overlayLayer} className="layer layer-mask" />
      {children}
      {frame && picture && <CropFrame place={rectToView(view, frame)} label={frameLabel} cuts={frameCuts} />}
      {draft && <DraftShape draft={draft} view={view} />}
      {(hint || marks.length > 0) && <ObjectHint path={hint} marks={marks} view={view} />}
      {hasRing && !panning && <BrushRing editor={editor} handle={ring} />}
      {keyCursor && <KeyCursor at={toView(view, keyCursor)} />}
      {working && <p className="working">{working} …</p>}
    </div>
  );
}

interface RingHandle {
  moveTo(viewPoint: Point | null): void;
}

/** The brush at its true size; it follows the pointer without rendering again. */
function BrushRing({ editor, handle }: { editor: Editor; handle: React.Ref<RingHandle> }) {
  const element = useRef<HTMLDivElement>(null);
  const size = useStore(editor.store, (state) => state.brushSize * state.view.scale);
  const hardness = useStore(editor.store, (state) => state.hardness);
  useImperativeHandle(handle, () => ({
    moveTo(viewPoint) {
      const { current } = element;
      if (!current) return;
      current.style.visibility = viewPoint ? 'visible' : 'hidden';
      if (viewPoint) {
        current.style.transform = `translate(${viewPoint.x}px, ${viewPoint.y}px) translate(-50%, -50%)`;
      }
    },
  }));
  return (
    <div ref={element} className="brush-ring" style={{ width: size, height: size }}>
      {hardness < 1 && <i style={{ width: `${hardness * 100}%`, height: `${hardness * 100}%` }} />}
    </div>
  );
}

function KeyCursor({ at }: { at: Point }) {
  return <div className="key-cursor" style={{ transform: `translate(${at.x}px, ${at.y}px)` }} />;
}

/** The outline of the shape being drawn, black and white so that it can be seen on any image. */
function DraftShape({ draft, view }: { draft: Draft; view: EditorState['view'] }) {
  const path = draftPath(draft);
  const [first] = draft.points;
  return (
    <svg className="draft" aria-hidden="true" data-mode={draft.mode}>
      <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
        <path d={path} className="draft-shadow" />
        <path d={path} className="draft-line" />
      </g>
      {draft.isByCorners &&
        draft.points.map((point, i) => {
          const { x, y } = toView(view, point);
          // biome-ignore lint/suspicious/noArrayIndexKey: corners are only ever added at the end
          return <circle key={i} cx={x} cy={y} r={point === first ? 5 : 3} />;
        })}
    </svg>
  );
}

/** What a press would select, and the presses that wait for their answer. */
function ObjectHint({
  path,
  marks,
  view,
}: {
  path: string;
  marks: EditorState['objectMarks'];
  view: EditorState['view'];
}) {
  return (
    <svg className="draft" aria-hidden="true">
      <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
        <path d={path} className="draft-shadow" />
        <path d={path} className="draft-line" />
      </g>
      {marks.map((mark) => {
        const { x, y } = toView(view, mark);
        return <circle key={`${mark.x} ${mark.y}`} cx={x} cy={y} r={6} data-include={mark.include} />;
      })}
    </svg>
  );
}

function CropFrame({ place, label, cuts }: { place: Rect; label: string; cuts: boolean }) {
  return (
    <div className="crop-frame" style={boxStyle(place)}>
      <span className="tabular" data-inside={place.y < 26 || undefined} data-cut={cuts || undefined}>
        {label}
      </span>
    </div>
  );
}

function boxStyle(place: Rect): CSSProperties {
  return {
    transform: `translate(${place.x}px, ${place.y}px)`,
    width: place.width,
    height: place.height,
  };
}
