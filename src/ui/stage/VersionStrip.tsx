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

/** So long after a new version the strip may still change its size. */
const SETTLES_MS = 500;
/** What stays free before the newest version, where the strip fades out. */
const MARGIN = 14;

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
    const { current } = list;
    if (!current) return;
    // Scrolls just the list: the page stays where it is.
    const newest = current.querySelector<HTMLElement>('li:nth-last-child(2)');
    // To the end, where the next one will be, unless that hides the beginning of the newest.
    const toEnd = () => {
      const { x, y } = current.getBoundingClientRect();
      const box = newest?.getBoundingClientRect();
      current.scrollTo({
        left: Math.min(current.scrollWidth, box ? current.scrollLeft + box.x - x - MARGIN : 0),
        top: Math.min(current.scrollHeight, box ? current.scrollTop + box.y - y - MARGIN : 0),
      });
    };
    toEnd();
    // The buttons for a new result come at the same time, and leave the list less room.
    const observer = new ResizeObserver(toEnd);
    observer.observe(current);
    const stop = () => observer.disconnect();
    const timer = setTimeout(stop, SETTLES_MS);
    return () => {
      clearTimeout(timer);
      stop();
    };
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
