/** The image, and the result over it or beside it; beside it is split the way that shows both larger. */
import { History, ImageUp, Info, TriangleAlert, X } from 'lucide-react';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { cutsMask } from '../../editor/document/adjusting';
import { bestSplit } from '../../editor/kernels/view';
import { fitMargin, type Rect, type Size } from '../../editor/store';
import { Canvas } from '../../editor/view/Canvas';
import { findVersion, pendingResult, versionLabel } from '../../state/pictures/versions';
import { planRun } from '../../state/run/paintRun';
import type { RunState } from '../../state/session/session';
import { paddingOf } from '../../state/settings/settings';
import {
  useApp,
  useEditor,
  useModelSizes,
  useRun,
  useSession,
  useSettings,
  useVersions,
} from '../base/context';
import { useArrived } from '../base/useArrived';
import { useNarrow } from '../base/useNarrow';
import { readAgain } from '../commands/maskFile';
import { useCommand } from '../commands/useCommand';
import { SelectNote } from '../mask/SelectNote';
import { AdjustHandles, useAdjusting } from './Adjusting';
import { useComparison, useShare } from './result/comparison';
import { ResultPane } from './result/ResultPane';
import { CompareLine, ResultImages } from './result/ResultView';
import { SpotBar, SpotStatus } from './result/SpotBar';
import { useContinueByPainting } from './result/useContinueByPainting';
import { StageBar } from './StageBar';
import './stage.css';

export function Stage() {
  const { editor } = useSession();
  const picture = useEditor((state) => state.picture);
  const maskBounds = useEditor((state) => state.maskBounds);
  const sizes = useModelSizes();
  const running = useRun((state) => state.running);
  const task = useRun((state) => state.task);
  const sentPlan = useRun((state) => state.plan);
  const { shown, before, held } = useComparison();
  const base = useVersions((state) => findVersion(state, state.baseId));
  const frame = useEditor((state) => state.frame);
  const padding = useSettings(paddingOf);
  const plan = useMemo(
    () => sentPlan ?? (picture ? planRun(picture, maskBounds, sizes, { frame, padding }) : null),
    [sentPlan, picture, maskBounds, sizes, frame, padding],
  );
  const arrived = useArrived();
  const { element, size } = useSize();
  const narrow = useNarrow();
  const placement = useVersions((state) => state.placement);
  const over = shown !== undefined && (placement === 'canvas' || narrow);
  const beside = shown !== undefined && picture !== null && !over;
  const split = beside ? bestSplit(picture, size, fitMargin(size) / 2) : 'none';
  const [share, setShare] = useShare();
  const { pane, painting, pressed } = useContinueByPainting(over ? shown : undefined);
  const pending = useVersions(pendingResult);
  const adjusting = useAdjusting();
  // During a run it stays, so that the next press is made in the same place.
  const hasBar = pending !== undefined && !beside && !pressed && adjusting === null;
  const [seenId, setSeenId] = useState<number | null>(null);
  return (
    <main className="stage">
      <div className="panes" data-split={split} ref={element}>
        <section
          ref={pane}
          className="pane"
          aria-label="Editing"
          data-result={(over && !painting) || undefined}
          data-covered={(over && shown.id === seenId) || undefined}
        >
          {beside && base && <p className="caption">Editing {versionLabel(base)}</p>}
          {over && held && before && <p className="caption">{versionLabel(before)}</p>}
          <Canvas
            editor={editor}
            frame={plan?.frame ?? null}
            frameLabel={plan && picture ? frameLabel(plan, picture, maskBounds, task) : ''}
            frameCuts={plan !== null && cutsMask(plan.frame, maskBounds)}
            busy={running}
          >
            {over && (
              <ResultImages
                version={shown}
                before={before}
                share={share}
                held={held}
                onSeen={() => setSeenId(shown.id)}
              />
            )}
          </Canvas>
          {over && before && <CompareLine version={shown} share={share} onShare={setShare} />}
          {hasBar && <SpotBar version={pending} share={share} />}
          <AdjustHandles frame={plan?.frame ?? null} />
          {!picture && arrived && <EmptyStage />}
        </section>
        {beside && <ResultPane version={shown} share={share} onShare={setShare} />}
      </div>
      <SpotStatus />
      <StageBar frame={plan?.frame ?? null} />
      <SelectNote />
      <StageAlert />
    </main>
  );
}

function frameLabel(
  { frame, size, ownScale }: { frame: Rect; size: Size; ownScale?: true },
  picture: Size,
  maskBounds: Rect,
  task: RunState['task'],
): string {
  if (task === 'remove') return 'Filled from what is in this area';
  const isScaled = frame.width !== size.width || frame.height !== size.height;
  const part = `${frame.width} × ${frame.height} of ${picture.width} × ${picture.height}`;
  // A model that draws things draws them on plain grounds (pipeline/drawThing.ts).
  const seen = ownScale
    ? `The model sees only the prompt; the ground is filled from ${part}`
    : `The model sees ${part}`;
  const scaled = isScaled ? `${seen}, scaled to ${size.width} × ${size.height}` : seen;
  return cutsMask(frame, maskBounds) ? `${scaled}; the mask outside the frame is ignored` : scaled;
}

const offeredInWords = {
  held: 'Open in another tab; here you get a copy:',
  failed: 'Could not be restored last time:',
  aside: 'Your last session was saved:',
} as const;

function EmptyStage() {
  const { run: open } = useCommand('open');
  const session = useSession();
  const { samples, drafts } = useApp();
  const { offered } = useStore(drafts.store);
  return (
    <div className="empty">
      <ImageUp size={44} strokeWidth={1.3} aria-hidden />
      <h2>Open an image, paint over part of it, and describe what should be there</h2>
      <p className="empty-ways">
        <button type="button" className="button primary" onClick={open}>
          Choose an image
        </button>
        <button type="button" className="button" onClick={() => void session.openSample(samples[0].url)}>
          Open the sample
        </button>
      </p>
      <p>You can also drop or paste one here.</p>
      {offered && (
        <div className="empty-offer" role="status">
          <p>
            {offeredInWords[offered.why]} <b>{offered.name}</b>
          </p>
          <p className="empty-ways">
            <button type="button" className="button" onClick={() => void drafts.accept()}>
              <History size={16} strokeWidth={1.8} aria-hidden />
              Restore session
            </button>
            {offered.why !== 'held' && (
              <button type="button" className="link" onClick={() => void drafts.dismiss()}>
                Delete it
              </button>
            )}
          </p>
        </div>
      )}
    </div>
  );
}

/** What is wrong with the image or mask. */
function StageAlert() {
  const session = useSession();
  const error = useRun((state) => state.stageError);
  const note = useRun((state) => state.stageNote);
  const message = error ?? note;
  const Icon = error ? TriangleAlert : Info;
  return (
    <div className="stage-alert" role="alert">
      {message && (
        <p className="note" data-bad={error ? true : undefined}>
          <Icon size={17} strokeWidth={1.8} aria-hidden />
          <span>{message}</span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={session.dismiss}>
            <X size={16} aria-hidden />
          </button>
        </p>
      )}
      {!error && <MaskNote />}
    </div>
  );
}

/** How the imported mask was read, and another way to read it. */
function MaskNote() {
  const session = useSession();
  const note = useRun((state) => state.maskNote);
  const revision = useEditor((state) => state.maskRevision);
  const working = useEditor((state) => state.working !== null);
  if (!note || note.revision !== revision) return null;
  return (
    <p className="note">
      <Info size={17} strokeWidth={1.8} aria-hidden />
      <span>{note.text}</span>
      <button
        type="button"
        className="button"
        disabled={working}
        onClick={() => void readAgain(session, note)}
      >
        {note.action}
      </button>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={session.dismiss}>
        <X size={16} aria-hidden />
      </button>
    </p>
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
