/** A version beside the canvas. */
import { type PointerEvent as ReactPointerEvent, useEffect, useRef } from 'react';
import { type Version, versionLabel } from '../../state/pictures/versions';
import { useSession } from '../base/context';
import { useComparison } from './comparison';
import { CompareLine, ResultImages } from './ResultView';

export interface ResultPaneProps {
  version: Version;
  share: number;
  onShare(share: number): void;
}

export function ResultPane({ version, share, onShare }: ResultPaneProps) {
  const { before, held } = useComparison();
  const pane = useRef<HTMLDivElement>(null);
  const drag = usePan(pane);
  return (
    <section className="pane result" aria-label="Version beside the canvas">
      <p className="caption">{versionLabel(held && before ? before : version)}</p>
      <div className="result-view" ref={pane} {...drag}>
        <ResultImages version={version} before={before} share={share} held={held} />
      </div>
      {before && <CompareLine version={version} share={share} onShare={onShare} />}
    </section>
  );
}

/** Dragging and the wheel move both images. */
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
