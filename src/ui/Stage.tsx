/** The picture, and beside it the result: whichever way both show larger. */
import { ImageUp, TriangleAlert, X } from 'lucide-react';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Canvas } from '../editor/Canvas';
import { bestSplit } from '../editor/kernels/view';
import { fitMargin } from '../editor/store';
import { planRun } from '../state/job';
import { findVersion, versionLabel } from '../state/versions';
import { useEditor, useJob, useNativeSize, useSession, useVersions } from './context';
import { ResultPane } from './ResultPane';
import { StageBar } from './StageBar';
import { useNarrow } from './useNarrow';

export interface StageProps {
  dragging: boolean;
  comparing: boolean;
  onCompare(held: boolean): void;
  onOpen(): void;
}

export function Stage({ dragging, comparing, onCompare, onOpen }: StageProps) {
  const { editor } = useSession();
  const picture = useEditor((state) => state.picture);
  const maskBounds = useEditor((state) => state.maskBounds);
  const nativeSize = useNativeSize();
  const running = useJob((state) => state.running);
  const sentPlan = useJob((state) => state.plan);
  const shown = useVersions((state) => findVersion(state, state.shownId));
  const base = useVersions((state) => findVersion(state, state.baseId));
  const plan = useMemo(
    () => sentPlan ?? (picture ? planRun(picture, maskBounds, nativeSize) : null),
    [sentPlan, picture, maskBounds, nativeSize],
  );
  const { element, size } = useSize();
  const narrow = useNarrow();
  const [wanted, setAlone] = useState(false);
  const alone = wanted || narrow;
  const split = shown && picture ? (alone ? 'alone' : bestSplit(picture, size, fitMargin(size) / 2)) : 'none';
  return (
    <main className="stage">
      <div className="panes" data-split={split} ref={element}>
        <section className="pane" aria-label="Editing">
          {shown && base && <p className="caption">Editing {versionLabel(base)}</p>}
          <Canvas
            editor={editor}
            frame={plan?.frame ?? null}
            frameLabel={plan && picture ? frameLabel(plan, picture) : ''}
            busy={running}
          />
          {!picture && <EmptyStage onOpen={onOpen} />}
        </section>
        {shown && picture && (
          <ResultPane
            version={shown}
            comparing={comparing}
            onCompare={onCompare}
            alone={alone}
            onAlone={narrow ? undefined : setAlone}
          />
        )}
      </div>
      <StageBar />
      <StageAlert />
      {dragging && (
        <div className="drop">
          <ImageUp size={32} strokeWidth={1.5} aria-hidden />
          Drop the picture to open it
        </div>
      )}
    </main>
  );
}

function frameLabel(
  { frame, size }: NonNullable<ReturnType<typeof planRun>>,
  picture: { width: number; height: number },
): string {
  const scaled = frame.width === size.width && frame.height === size.height;
  const whole = `${frame.width} × ${frame.height} of ${picture.width} × ${picture.height} goes to the model`;
  return scaled ? whole : `${whole}, as ${size.width} × ${size.height}`;
}

function EmptyStage({ onOpen }: { onOpen(): void }) {
  return (
    <div className="empty">
      <ImageUp size={36} strokeWidth={1.4} aria-hidden />
      <p>
        <button type="button" className="link" onClick={onOpen}>
          Choose a picture
        </button>
        , drop one here, or paste it.
      </p>
    </div>
  );
}

/** What is wrong with picture or mask, where they are. */
function StageAlert() {
  const session = useSession();
  const message = useJob((state) => state.stageError);
  return (
    <div className="stage-alert" role="alert">
      {message && (
        <p>
          <TriangleAlert size={17} strokeWidth={1.8} aria-hidden />
          <span>{message}</span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={session.dismiss}>
            <X size={16} aria-hidden />
          </button>
        </p>
      )}
    </div>
  );
}

function useSize() {
  const element = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 1, height: 1 });
  useLayoutEffect(() => {
    const target = element.current;
    if (!target) return;
    const measure = () => setSize({ width: target.clientWidth, height: target.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, []);
  return { element, size };
}
