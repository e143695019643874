/** The version shown, and what it is compared with. */
import { createContext, useContext, useEffect, useMemo, useState } from 'react';
import { shareThrough } from '../../../editor/kernels/compare';
import { findVersion, pendingResult, shownVersion, type Version } from '../../../state/pictures/versions';
import { useEditor, useRun, useSession, useVersions } from '../../base/context';

export interface Comparison {
  /** Whether all of it shows what was before, because a key or button is held. */
  held: boolean;
  onHold(held: boolean): void;
  /** Whether it is compared with the original instead of the version it was painted on. */
  withOriginal: boolean;
  onWithOriginal(withOriginal: boolean): void;
}

export const ComparisonContext = createContext<Comparison | null>(null);

export function useNewComparison(): Comparison {
  const [held, onHold] = useState(false);
  const [withOriginal, onWithOriginal] = useState(false);
  return useMemo(() => ({ held, onHold, withOriginal, onWithOriginal }), [held, withOriginal]);
}

/** @returns `shown` undefined if no version is shown, `before` undefined if there is nothing to compare it with */
export function useComparison(): Comparison & { shown: Version | undefined; before: Version | undefined } {
  const comparison = useContext(ComparisonContext);
  if (!comparison) throw new Error('versions are compared inside ComparisonContext');
  const { withOriginal } = comparison;
  const hasPicture = useEditor((state) => state.picture !== null);
  const shown = useVersions((state) => (hasPicture ? shownVersion(state) : undefined));
  const before = useVersions((state) =>
    shown && shown.parentId !== null ? findVersion(state, withOriginal ? 0 : shown.parentId) : undefined,
  );
  return { ...comparison, shown, before };
}

/**
 * The share of the image, from its left, that shows what was before. The first result of a visit is shown with the line
 * through the middle of what changed, so that everyone sees that there is one; from the next result on all of it is shown.
 * Once the user has moved the line it stays where they put it.
 */
export function useShare(): [share: number, move: (share: number) => void] {
  const { editor, versions } = useSession();
  const running = useRun((state) => state.running);
  const [share, setShare] = useState(0);
  /** Who put the line where it is: nobody yet, the first result, a later one, or the user. */
  const [movedBy, setMovedBy] = useState<'none' | 'first' | 'later' | 'user'>('none');
  const [ranFrom, setRanFrom] = useState<number | null>(null);
  useEffect(() => {
    const pending = pendingResult(versions.getState());
    if (running) setRanFrom(versions.getState().items.length);
    else if (ranFrom !== null) {
      setRanFrom(null);
      // Cancelled, failed, or the user looks at something else.
      if (!pending || versions.getState().items.length === ranFrom || movedBy === 'user') return;
      const { maskBounds } = editor.store.getState();
      const base = findVersion(versions.getState(), versions.getState().baseId);
      setShare(movedBy === 'none' && base ? shareThrough(maskBounds, base.width) : 0);
      setMovedBy(movedBy === 'none' ? 'first' : 'later');
    }
  }, [editor, versions, running, ranFrom, movedBy]);
  return [
    share,
    (moved) => {
      setShare(moved);
      setMovedBy('user');
    },
  ];
}
