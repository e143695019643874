/** A version beside the canvas. */
import { type PointerEvent as ReactPointerEvent, useEffect, useRef } from 'react';
import { attachWheel } from '../../../editor/view/pointer';
import { pendingResult, type Version, versionLabel } from '../../../state/pictures/versions';
import { useSession, useVersions } from '../../base/context';
import { useComparison } from './comparison';
import { CompareLine, ResultImages } from './ResultView';
import { SpotBar } from './SpotBar';

export interface ResultPaneProps {
  version: Version;
  share: number;
  onShare(share: number): void;
}

export function ResultPane({ version, share, onShare }: ResultPaneProps) {
  const { before, held } = useComparison();
  const isPending = useVersions((state) => pendingResult(state) === version);
  const pane = useRef<HTMLDivElement>(null);
  const drag = usePan(pane);
  return (
    <section className="pane result" aria-label="Version beside the canvas">
      <p className="caption">{versionLabel(held && before ? before : version)}</p>
      <div className="result-view" ref={pane} {...drag}>
        <ResultImages version={version} before={before} share={share} held={held} />
      </div>
      {before && <CompareLine version={version} share={share} onShare={onShare} />}
      {isPending && <SpotBar version={version} share={share} />}
    </section>
  );
}

/** Dragging and the wheel move both images. */
function usePan(pane: React.RefObject<HTMLDivElement | null>) {
  const { editor } = useSession();
  useEffect(() => {
    const element = pane.current;
    return element ? attachWheel(element, element, editor) : undefined;
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
