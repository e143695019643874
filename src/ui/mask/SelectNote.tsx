/** What the tool that selects objects is about: its download, which is asked for once, and what it does at the moment. */
import { Download, ScanSearch, TriangleAlert } from 'lucide-react';
import { useStore } from 'zustand';
import { toolOf } from '../../editor/store';
import { isMetered } from '../../state/connection';
import type { AssistProgress } from '../../state/selecting/selecting';
import { useApp, useEditor } from '../base/context';
import './selectNote.css';

/** Millions of bytes, as sizes of downloads are given. */
const inMegabytes = (bytes: number) => Math.round(bytes / 1e6);

export function SelectNote() {
  const { selecting } = useApp();
  const { phase, progress, problem } = useStore(selecting.store);
  const isInHand = useEditor((state) => toolOf(state.tool).asksAssistant === true && state.picture !== null);
  if (!isInHand || (phase === 'idle' && problem === null)) return null;
  return (
    <div className="select-note" role="status" aria-label="Select object">
      {problem !== null ? (
        <>
          <TriangleAlert size={17} strokeWidth={1.8} aria-hidden />
          <span>{problem}</span>
          <button type="button" className="button" onClick={selecting.allow}>
            Try again
          </button>
        </>
      ) : phase === 'asking' ? (
        <>
          <ScanSearch size={17} strokeWidth={1.8} aria-hidden />
          <span>
            Select object needs a model of {inMegabytes(selecting.downloadBytes)} MB, once. Then it works
            offline.
            {isMetered() && ' You seem to be on mobile data.'}
          </span>
          <button type="button" className="button primary" onClick={selecting.allow}>
            <Download size={16} strokeWidth={1.8} aria-hidden />
            Get it
          </button>
        </>
      ) : (
        progress && (
          <>
            <span>{progressInWords(progress)}</span>
            {progress.stage === 'download' && (
              <progress
                aria-label="Getting the model"
                value={progress.loadedBytes}
                max={progress.totalBytes}
              />
            )}
            <button type="button" className="button" onClick={selecting.stop}>
              Stop
            </button>
          </>
        )
      )}
    </div>
  );
}

function progressInWords(progress: AssistProgress): string {
  switch (progress.stage) {
    case 'wait':
      return 'Selecting waits until the run is done.';
    case 'download':
      return `Getting the model: ${inMegabytes(progress.loadedBytes)} of ${inMegabytes(progress.totalBytes)} MB`;
    case 'open':
      return 'Opening the model …';
    case 'encode':
      return 'Looking at the image …';
    case 'find':
      return 'Looking for it …';
    case 'answer':
      return 'Selecting …';
    default:
      throw new TypeError(`unknown stage ${progress satisfies never}`);
  }
}
