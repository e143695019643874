/** The picture's versions, to look at and to return to. */
import { PencilLine } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { type Version, versionLabel } from '../state/versions';
import { useJob, useSession, useVersions } from './context';

export function VersionStrip() {
  const session = useSession();
  const items = useVersions((state) => state.items);
  const baseId = useVersions((state) => state.baseId);
  const shownId = useVersions((state) => state.shownId);
  const running = useJob((state) => state.running);
  const list = useRef<HTMLUListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new item scrolls into sight
  useEffect(() => {
    list.current?.lastElementChild?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [items.length]);
  const press = (version: Version) => {
    session.show(version.id === shownId || version.id === baseId ? null : version.id);
  };
  return (
    <footer className="strip">
      <ul ref={list} aria-label="Versions">
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
        <li className="thumb next" data-running={running || undefined} aria-hidden>
          {running ? '…' : items.length === 0 ? '' : items.length}
        </li>
      </ul>
      <p className="hint">
        {items.length > 1 ? 'Hold C to compare · click to return' : 'Results collect here'}
      </p>
    </footer>
  );
}
