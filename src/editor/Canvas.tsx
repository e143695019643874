/** The canvas: a thin shell around the editor, whose kernels compute and whose painter draws. */
import { type CSSProperties, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { Point, Rect } from './kernels/geometry';
import { rectToView } from './kernels/view';
import { Painter } from './painter';
import { attachPointer } from './pointer';
import type { Editor } from './store';

export interface CanvasProps {
  editor: Editor;
  /** What will be sent to the model, in image pixels. */
  frame: Rect | null;
  frameLabel: string;
  /** Changes with the theme, whose accent colour the mask wears. */
  theme: string;
  /** Whether a run is going on: the mask breathes until the forming picture comes. */
  busy: boolean;
}

export function Canvas({ editor, frame, frameLabel, theme, busy }: CanvasProps) {
  const pane = useRef<HTMLDivElement>(null);
  const pictureLayer = useRef<HTMLCanvasElement>(null);
  const overlayLayer = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter | null>(null);
  const [hover, setHover] = useState<Point | null>(null);
  const panning = usePanKey();
  const isPanning = useRef(false);
  isPanning.current = panning;

  useEffect(() => {
    const [element, picture, overlay] = [pane.current, pictureLayer.current, overlayLayer.current];
    if (!element || !picture || !overlay) return;
    const own = new Painter(editor, { picture, overlay });
    painter.current = own;
    const resize = () => {
      const { clientWidth: width, clientHeight: height } = element;
      for (const layer of [picture, overlay]) {
        layer.width = Math.round(width * window.devicePixelRatio);
        layer.height = Math.round(height * window.devicePixelRatio);
      }
      editor.resizeView({ width, height });
      own.refresh();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    const detach = attachPointer(element, editor, { onHover: setHover, isPanning: () => isPanning.current });
    return () => {
      observer.disconnect();
      detach();
      own.dispose();
    };
  }, [editor]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colour is read from the style that the theme sets
  useEffect(() => {
    if (!pane.current || !painter.current) return;
    const [red = 255, green = 138, blue = 76] = getComputedStyle(pane.current)
      .getPropertyValue('--mask-rgb')
      .trim()
      .split(/\s+/)
      .map(Number);
    painter.current.color = [red, green, blue];
  }, [theme]);

  const brushSize = useStore(editor.store, (state) => state.brushSize);
  const view = useStore(editor.store, (state) => state.view);
  const picture = useStore(editor.store, (state) => state.picture);
  const forming = useStore(editor.store, () => editor.preview !== null);
  const place = picture && rectToView(view, { x: 0, y: 0, width: picture.width, height: picture.height });

  return (
    <div
      ref={pane}
      className="canvas"
      role="application"
      aria-label="Canvas"
      aria-describedby="canvas-help"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys act on it
      tabIndex={0}
      data-panning={panning || undefined}
      data-busy={(busy && !forming) || undefined}
    >
      <span id="canvas-help" className="sr-only">
        Paint over the part that should change. Wheel zooms, space and drag pans.
      </span>
      {place && <div className="canvas-shadow" style={boxStyle(place)} />}
      <canvas ref={pictureLayer} className="layer" />
      <canvas ref={overlayLayer} className="layer layer-mask" />
      {frame && picture && <CropFrame place={rectToView(view, frame)} label={frameLabel} />}
      {hover && !panning && (
        <div
          className="brush-ring"
          style={{
            width: brushSize * view.scale,
            height: brushSize * view.scale,
            transform: `translate(${hover.x}px, ${hover.y}px) translate(-50%, -50%)`,
          }}
        />
      )}
    </div>
  );
}

function CropFrame({ place, label }: { place: Rect; label: string }) {
  return (
    <div className="crop-frame" style={boxStyle(place)}>
      <span className="tabular" data-inside={place.y < 26 || undefined}>
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

/** Whether the space bar is held, outside of text fields and buttons, where it has a meaning of its own. */
function usePanKey(): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    const onDown = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (
        event.code !== 'Space' ||
        target?.closest('input, textarea, button, a, [role=slider], [role=switch]')
      ) {
        return;
      }
      event.preventDefault();
      setHeld(true);
    };
    const onUp = (event: KeyboardEvent) => {
      if (event.code === 'Space') setHeld(false);
    };
    const release = () => setHeld(false);
    window.addEventListener('keydown', onDown);
    window.addEventListener('keyup', onUp);
    window.addEventListener('blur', release);
    return () => {
      window.removeEventListener('keydown', onDown);
      window.removeEventListener('keyup', onUp);
      window.removeEventListener('blur', release);
    };
  }, []);
  return held;
}
