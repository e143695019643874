/** The image's versions, to view and to return to. */
import { PencilLine } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { type Version, versionLabel } from '../../state/pictures/versions';
import { useRun, useSession, useVersions } from '../base/context';
import { useTight } from '../base/useNarrow';
import { SaveActions } from '../files/SaveActions';
import { useComparison } from './result/comparison';
import { ResultActions } from './result/ResultActions';
import './versionStrip.css';

export function VersionStrip() {
  const session = useSession();
  const items = useVersions((state) => state.items);
  const baseId = useVersions((state) => state.baseId);
  const { shown } = useComparison();
  const shownId = shown?.id ?? null;
  const tight = useTight();
  const running = useRun((state) => state.running);
  const list = useRef<HTMLUListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new item scrolls into sight
  useEffect(() => {
    // Scrolls just the list: the page stays where it is.
    list.current?.scrollTo({ left: list.current.scrollWidth, top: list.current.scrollHeight });
  }, [items.length]);
  const press = (version: Version) => {
    session.show(version.id === shownId || version.id === baseId ? null : version.id);
  };
  const hint = items.length > 1 ? 'Click a version to view it' : 'Your results appear here';
  return (
    <footer className="strip">
      <ul ref={list} className="fades-sideways" aria-label="Versions">
        {items.map((version) => (
          <li key={version.id}>
            <button
              type="button"
              className="thumb"
              aria-label={`Version ${versionLabel(version)}${version.id === baseId ? ', on the canvas' : ''}`}
              aria-pressed={version.id === (shownId ?? baseId)}
              onClick={() => press(version)}
            >
              <img src={version.thumbnailUrl} alt="" />
              <span>{versionLabel(version)}</span>
              {version.id === baseId && <PencilLine className="thumb-mark" size={14} aria-hidden />}
            </button>
          </li>
        ))}
        {/* Keyed by its number: the next version takes its place, and nothing moves. */}
        <li
          key={`next ${items.length}`}
          className="thumb next"
          data-running={running || undefined}
          aria-hidden
        >
          {running && '…'}
        </li>
      </ul>
      {shown && !tight ? (
        <ResultActions version={shown} />
      ) : (
        // A new paragraph for each text: one that grows would count as a layout shift.
        <p key={hint} className="hint">
          {hint}
        </p>
      )}
      <SaveActions />
    </footer>
  );
}
