/** What is adjusted by handles, and its numbers in place of the tool's options. */
import type { Rect } from '../../editor/store';
import { useEditor, useRun } from '../base/context';
import { CanvasHandles, CanvasOptions } from './CanvasHandles';
import { FrameHandles, FrameOptions } from './FrameHandles';

/** What is being adjusted; nothing is during a run. */
export function useAdjusting() {
  const adjusting = useEditor((state) => state.adjusting);
  const running = useRun((state) => state.running);
  return running ? null : adjusting;
}

export interface AdjustingProps {
  /** The frame as it would be sent now; null while nothing is painted. */
  frame: Rect | null;
}

export function AdjustHandles({ frame }: AdjustingProps) {
  const adjusting = useAdjusting();
  const picture = useEditor((state) => state.picture);
  if (!adjusting || !picture) return null;
  if (adjusting.what === 'frame') return frame && <FrameHandles picture={picture} frame={frame} />;
  return <CanvasHandles picture={picture} margins={adjusting.margins} />;
}

export function AdjustOptions({ frame }: AdjustingProps) {
  const adjusting = useAdjusting();
  const picture = useEditor((state) => state.picture);
  if (!adjusting || !picture) return null;
  if (adjusting.what === 'frame') return <FrameOptions picture={picture} frame={frame} />;
  return <CanvasOptions picture={picture} margins={adjusting.margins} />;
}
