/** A version and what it is compared with, in the canvas's own view, so that both show the same place. */
import { type PointerEvent as ReactPointerEvent, useRef } from 'react';
import { lineAt, parkedAt, shareAt, shareByKey } from '../../../editor/kernels/compare';
import { rectToView, type View } from '../../../editor/kernels/view';
import type { Rect } from '../../../editor/store';
import type { Version } from '../../../state/pictures/versions';
import { useEditor, useVersions } from '../../base/context';
import './resultView.css';

const CRISP_SCALE = 3;
/** Diameter of the grip, in view pixels. */
const GRIP = 28;

/** A version's position in the pane: versions of extended canvases reach beyond the image being painted on. */
function usePlace(version: Version): { place: Rect; view: View } {
  const view = useEditor((state) => state.view);
  const base = useVersions(({ items, baseId }) => items.find(({ id }) => id === baseId));
  const x = version.origin.x - (base?.origin.x ?? 0);
  const y = version.origin.y - (base?.origin.y ?? 0);
  return { place: rectToView(view, { x, y, width: version.width, height: version.height }), view };
}

export interface ComparedProps {
  version: Version;
  before: Version | undefined;
  /** The share of the version, from its left, that shows what was before: 0 … 1. */
  share: number;
  /** Whether all of it does, because a key or button is held. */
  held: boolean;
  /** When the version becomes visible. */
  onSeen?(): void;
}

export function ResultImages({ version, before, share, held, onSeen }: ComparedProps) {
  const { place, view } = usePlace(version);
  const hidden = before ? (held ? 1 : share) : 0;
  return (
    <>
      {before && <BeforeImage version={before} />}
      <img
        src={version.url}
        alt="Result"
        className="result-image"
        // A loaded image is not decoded yet; one that is removed meanwhile never will be.
        onLoad={({ currentTarget }) => void currentTarget.decode().then(onSeen, () => {})}
        style={{ ...imageStyle(place, view.scale), clipPath: `inset(0 0 0 ${hidden * 100}%)` }}
      />
    </>
  );
}

function BeforeImage({ version }: { version: Version }) {
  const { place, view } = usePlace(version);
  return (
    <img
      src={version.url}
      alt=""
      aria-hidden
      className="result-image"
      style={imageStyle(place, view.scale)}
    />
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

/** Where the line is, and its grip; at rest the grip is parked beside the image. */
function useLine(version: Version, share: number) {
  const { place } = usePlace(version);
  const pane = useEditor((state) => state.viewSize);
  const parking = share === 0 ? parkedAt(place, pane, GRIP) : null;
  const at = parking ?? { x: lineAt(place, share, pane.width, GRIP / 2), y: pane.height / 2 };
  return { place, parking, at };
}

/** The grip of the comparison line, in view pixels. */
export function useGrip(version: Version, share: number): Rect {
  const { x, y } = useLine(version, share).at;
  return { x: x - GRIP / 2, y: y - GRIP / 2, width: GRIP, height: GRIP };
}

/** The line between before and after, dragged or moved by keys. At rest only its grip is shown, beside the image. */
export function CompareLine({
  version,
  share,
  onShare,
}: {
  version: Version;
  share: number;
  onShare(share: number): void;
}) {
  const { place, parking, at } = useLine(version, share);
  const line = useRef<HTMLDivElement>(null);
  const box = () => line.current?.parentElement?.getBoundingClientRect();
  const move = (event: ReactPointerEvent) => {
    if (event.buttons !== 0) onShare(shareAt(place, event.clientX - (box()?.left ?? 0)));
  };
  return (
    <div
      ref={line}
      className="compare-line"
      role="slider"
      tabIndex={0}
      aria-label="Compare before and after"
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={`${Math.round(share * 100)} % before`}
      data-parked={parking?.side}
      title={parking ? 'Drag to compare with before' : undefined}
      style={{ transform: `translateX(${at.x}px)` }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        event.stopPropagation();
      }}
      onPointerMove={move}
      onKeyDown={(event) => {
        const next = event.ctrlKey || event.metaKey ? null : shareByKey(share, event.key);
        if (next === null) return;
        event.preventDefault();
        onShare(next);
      }}
    >
      <span className="compare-grip" style={{ top: at.y, scale: parking?.scale ?? 1 }} aria-hidden />
      {!parking && (
        <span className="compare-sides" style={{ top: Math.max(0, place.y) }} aria-hidden>
          <span>Before</span>
          <span>After</span>
        </span>
      )}
    </div>
  );
}
