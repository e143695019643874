/** A version beside the canvas, under the same view: what is seen left and right is the same place. */
import { Columns2, Download, Expand, Eye, PencilLine, X } from 'lucide-react';
import { type PointerEvent as ReactPointerEvent, useEffect, useRef } from 'react';
import type { Rect } from '../editor/kernels/geometry';
import { rectToView } from '../editor/kernels/view';
import { downloadName, findVersion, type Version, versionLabel } from '../state/versions';
import { useEditor, useSession, useVersions } from './context';
import { IconButton } from './IconButton';

const CRISP_SCALE = 3;

export interface ResultPaneProps {
  version: Version;
  comparing: boolean;
  onCompare(held: boolean): void;
  /** Whether it has the stage to itself. */
  alone: boolean;
  /** Absent where there is no room for both. */
  onAlone?(alone: boolean): void;
}

export function ResultPane({ version, comparing, onCompare, alone, onAlone }: ResultPaneProps) {
  const session = useSession();
  const view = useEditor((state) => state.view);
  const name = useEditor((state) => state.picture?.name ?? 'picture');
  const parent = useVersions((state) => findVersion(state, version.parentId));
  const isBase = useVersions((state) => state.baseId === version.id);
  const pane = useRef<HTMLDivElement>(null);
  const drag = usePan(pane);
  const place = rectToView(view, { x: 0, y: 0, width: version.width, height: version.height });
  const caption = comparing && parent ? versionLabel(parent) : versionLabel(version);
  return (
    <section className="pane result" aria-label="Version beside the canvas">
      <p className="caption">{caption}</p>
      <div className="result-actions">
        {onAlone && (
          <IconButton
            name={alone ? 'Beside the canvas' : 'Fill the stage'}
            icon={alone ? Columns2 : Expand}
            onPress={() => onAlone(!alone)}
          />
        )}
        {parent && <CompareButton onCompare={onCompare} pressed={comparing} />}
        {!isBase && (
          <IconButton
            name="Continue from this version"
            icon={PencilLine}
            onPress={() => void session.continueFrom(version.id)}
          />
        )}
        <button
          type="button"
          className="button"
          onClick={() => save(version.url, downloadName(name, version))}
        >
          <Download size={16} strokeWidth={1.8} aria-hidden />
          Download
        </button>
        <IconButton name="Close" icon={X} onPress={() => session.show(null)} />
      </div>
      <div className="result-view" ref={pane} {...drag}>
        {parent && (
          <img
            src={parent.url}
            alt=""
            aria-hidden
            className="result-image"
            style={imageStyle(place, view.scale)}
          />
        )}
        <img
          src={version.url}
          alt="Result"
          className="result-image"
          style={{ ...imageStyle(place, view.scale), opacity: comparing && parent ? 0 : 1 }}
        />
      </div>
    </section>
  );
}

function save(url: string, fileName: string) {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
}

function CompareButton({ onCompare, pressed }: { onCompare(held: boolean): void; pressed: boolean }) {
  const hold = () => onCompare(true);
  const release = () => onCompare(false);
  return (
    <button
      type="button"
      className="icon-button"
      aria-label="Compare, hold"
      title="Hold to compare (C)"
      aria-pressed={pressed}
      onPointerDown={hold}
      onPointerUp={release}
      onPointerCancel={release}
      onPointerLeave={release}
      onKeyDown={(event) => (event.key === ' ' || event.key === 'Enter') && hold()}
      onKeyUp={release}
    >
      <Eye size={18} strokeWidth={1.8} aria-hidden />
    </button>
  );
}

function imageStyle(place: Rect, scale: number) {
  return {
    transform: `translate(${place.x}px, ${place.y}px)`,
    width: place.width,
    height: place.height,
    imageRendering: scale >= CRISP_SCALE ? ('pixelated' as const) : ('auto' as const),
  };
}

/** Dragging and the wheel move both pictures. */
function usePan(pane: React.RefObject<HTMLDivElement | null>) {
  const { editor } = useSession();
  useEffect(() => {
    const element = pane.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.012 : 0.0016));
      const point = { x: event.clientX - box.left, y: event.clientY - box.top };
      editor.zoomTo(editor.store.getState().view.scale * factor, point);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [editor, pane]);
  return {
    onPointerDown(event: ReactPointerEvent) {
      event.currentTarget.setPointerCapture(event.pointerId);
      event.preventDefault();
    },
    onPointerMove(event: ReactPointerEvent) {
      if (event.buttons !== 0) editor.panBy(event.movementX, event.movementY);
    },
  };
}
