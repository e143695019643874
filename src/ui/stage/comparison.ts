/** The version that is looked at, and what it is compared with. */
import { createContext, useContext, useMemo, useState } from 'react';
import { findVersion, shownVersion, type Version } from '../../state/pictures/versions';
import { useEditor, useVersions } from '../base/context';

export interface Comparison {
  /** Whether all of it shows what was before, as long as a key or a button is held. */
  held: boolean;
  onHold(held: boolean): void;
  /** Whether it is compared with the original instead of with what it was painted on. */
  withOriginal: boolean;
  onWithOriginal(withOriginal: boolean): void;
}

export const ComparisonContext = createContext<Comparison | null>(null);

export function useNewComparison(): Comparison {
  const [held, onHold] = useState(false);
  const [withOriginal, onWithOriginal] = useState(false);
  return useMemo(() => ({ held, onHold, withOriginal, onWithOriginal }), [held, withOriginal]);
}

/** `shown` and `before` are undefined where there is nothing to look at, or to compare it with. */
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
