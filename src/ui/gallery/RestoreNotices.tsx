/** Notices over the image: the restored session, settings found in an image, results that were not saved. */
import { History, type LucideIcon, SlidersHorizontal, TriangleAlert, X } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { useStore } from 'zustand';
import { useApp } from '../base/context';
import './restoreNotices.css';

export function RestoreNotices() {
  return (
    <div className="restore-notices">
      <RestoredNotice />
      <RecipeNotice />
      <UnkeptNotice />
    </div>
  );
}

interface NoticeProps {
  icon: LucideIcon;
  title: string;
  action: string;
  onAction(): void;
  dismissName: string;
  onDismiss(): void;
  bad?: boolean;
  /** After the title. */
  children: ReactNode;
}

function Notice(props: NoticeProps) {
  return (
    <div className="note" data-bad={props.bad}>
      <props.icon size={16} strokeWidth={1.8} aria-hidden />
      <p>
        <b>{props.title}</b> {props.children}
      </p>
      <button type="button" className="button" onClick={props.onAction}>
        {props.action}
      </button>
      <button type="button" className="icon-button" aria-label={props.dismissName} onClick={props.onDismiss}>
        <X size={16} aria-hidden />
      </button>
    </div>
  );
}

/** How long it stays; the menu beside "Open image" offers the same. */
const RESTORED_MS = 8000;

/** The last session is back; the notice goes with the first stroke, or by itself. */
function RestoredNotice() {
  const { drafts } = useApp();
  const { restored } = useStore(drafts.store);
  useEffect(() => {
    if (restored === null) return;
    const timer = setTimeout(drafts.seen, RESTORED_MS);
    return () => clearTimeout(timer);
  }, [restored, drafts]);
  return (
    <div role="status">
      {restored !== null && (
        <Notice
          icon={History}
          title="Your last session was restored."
          action="Start over"
          onAction={() => void drafts.startAnew()}
          dismissName="Dismiss"
          onDismiss={drafts.seen}
        >
          {restored}
        </Notice>
      )}
    </div>
  );
}

function RecipeNotice() {
  const { recipeOffer } = useApp();
  const { found } = useStore(recipeOffer.store);
  return (
    <div role="status">
      {found && (
        <Notice
          icon={SlidersHorizontal}
          title="This image includes Inlay settings."
          action="Restore"
          onAction={recipeOffer.accept}
          dismissName="Don’t restore"
          onDismiss={recipeOffer.dismiss}
        >
          {promptOf(found)}
        </Notice>
      )}
    </div>
  );
}

function promptOf(found: { recipe?: { request: { prompt: string } }; fields?: { prompt: string } }): string {
  const prompt = (found.recipe?.request ?? found.fields)?.prompt.trim() ?? '';
  return prompt.length > 90 ? `${prompt.slice(0, 88)}…` : prompt;
}

/** `2 results aren’t saved in the gallery.` */
export function unkeptInWords(count: number): string {
  return count === 1
    ? 'This result isn’t saved in the gallery.'
    : `${count} results aren’t saved in the gallery.`;
}

function UnkeptNotice() {
  const { gallery } = useApp();
  const unkept = useStore(gallery.store, (state) => state.unkept);
  return (
    <div role="alert">
      {unkept && !unkept.dismissed && (
        <Notice
          icon={TriangleAlert}
          title={unkeptInWords(unkept.count)}
          action="Try again"
          onAction={() => void gallery.retry()}
          dismissName="Dismiss"
          onDismiss={gallery.dismiss}
          bad
        >
          {unkept.reason} {unkept.count === 1 ? 'It is' : 'They are'} still among the versions. Download what
          you want to keep.
        </Notice>
      )}
    </div>
  );
}
