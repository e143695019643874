/** Said beside the work: an offer to go on from what was painted last, one to restore settings, and results not kept. */
import { History, SlidersHorizontal, TriangleAlert, X } from 'lucide-react';
import { useStore } from 'zustand';
import { useApp } from './context';

export function GalleryNotes() {
  return (
    <div className="gallery-notes">
      <DraftNote />
      <OfferNote />
      <UnkeptNote />
    </div>
  );
}

function DraftNote() {
  const { drafts } = useApp();
  const { offered } = useStore(drafts.store);
  return (
    <div role="status">
      {offered && (
        <div className="note">
          <History size={16} strokeWidth={1.8} aria-hidden />
          <p>
            <b>What you painted last is still here.</b> {offered.name}
          </p>
          <button type="button" className="button" onClick={() => void drafts.accept()}>
            Go on
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label="Delete what was painted last"
            onClick={() => void drafts.dismiss()}
          >
            <X size={16} aria-hidden />
          </button>
        </div>
      )}
    </div>
  );
}

function OfferNote() {
  const { recipeOffer } = useApp();
  const { found } = useStore(recipeOffer.store);
  return (
    <div role="status">
      {found && (
        <div className="note">
          <SlidersHorizontal size={16} strokeWidth={1.8} aria-hidden />
          <p>
            <b>This picture carries its settings.</b> {promptOf(found)}
          </p>
          <button type="button" className="button" onClick={recipeOffer.accept}>
            Restore
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label="Do not restore"
            onClick={recipeOffer.dismiss}
          >
            <X size={16} aria-hidden />
          </button>
        </div>
      )}
    </div>
  );
}

function promptOf(found: { recipe?: { request: { prompt: string } }; fields?: { prompt: string } }): string {
  const prompt = (found.recipe?.request ?? found.fields)?.prompt.trim() ?? '';
  return prompt.length > 90 ? `${prompt.slice(0, 88)}…` : prompt;
}

/** `2 results are not in the gallery.` */
export function unkeptInWords(count: number): string {
  return count === 1 ? 'This result is not in the gallery.' : `${count} results are not in the gallery.`;
}

function UnkeptNote() {
  const { gallery } = useApp();
  const unkept = useStore(gallery.store, (state) => state.unkept);
  return (
    <div role="alert">
      {unkept && !unkept.dismissed && (
        <div className="note" data-bad>
          <TriangleAlert size={16} strokeWidth={1.8} aria-hidden />
          <p>
            <b>{unkeptInWords(unkept.count)}</b> {unkept.reason} It stays among the versions: download what
            you want to keep.
          </p>
          <button type="button" className="button" onClick={() => void gallery.retry()}>
            Try again
          </button>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={gallery.dismiss}>
            <X size={16} aria-hidden />
          </button>
        </div>
      )}
    </div>
  );
}
