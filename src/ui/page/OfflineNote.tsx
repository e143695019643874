/** A newer version is ready, or a reload would bring threads; never shown during a run. */
import { RefreshCw, X } from 'lucide-react';
import { useEditor, useOffline, useRun, useVersions } from '../base/context';
import './offlineNote.css';

export function OfflineNote() {
  const { update, otherTabs, coresAfterReload, reload, dismiss } = useOffline();
  const running = useRun((state) => state.running);
  const unsaved = useEditor((state) => state.canUndo);
  const results = useVersions((state) => state.items.length > 1);
  const shown = !running && (update !== 'none' || coresAfterReload !== null);
  return (
    <div className="offline-note" role="status">
      {shown && (
        <div className="note">
          <RefreshCw size={16} strokeWidth={1.8} aria-hidden />
          <p>
            <b>
              {update === 'none' ? `Reload to use ${coresAfterReload} CPU cores.` : 'A new version is ready.'}
            </b>
            {otherTabs && ' Inlay is open in another tab. Close it there, then reload.'}
            {!otherTabs && (unsaved || results) && ' Save anything you want to keep first.'}
          </p>
          <button
            type="button"
            className="button"
            disabled={update === 'switching'}
            onClick={() => void reload()}
          >
            Reload
          </button>
          <button type="button" className="icon-button" aria-label="Later" onClick={dismiss}>
            <X size={16} aria-hidden />
          </button>
        </div>
      )}
    </div>
  );
}
