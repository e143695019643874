/** The version shown, and what it is compared with. */
import { createContext, useContext, useMemo, useState } from 'react';
import { findVersion, shownVersion, type Version } from '../../../state/pictures/versions';
import { useEditor, useVersions } from '../../base/context';

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
