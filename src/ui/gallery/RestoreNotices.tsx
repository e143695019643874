/** Said beside the work: what was brought back, an offer to restore settings, and results not kept. */
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
  /** What is said after the title. */
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

/** So long it stays: what it offers stands in the menu beside "Open image", too. */
const RESTORED_MS = 8000;

/** That the last session is back; it goes with the first stroke, or by itself. */
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
          title="Back where you were."
          action="Start anew"
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
          title="This picture carries its settings."
          action="Restore"
          onAction={recipeOffer.accept}
          dismissName="Do not restore"
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

/** `2 results are not in the gallery.` */
export function unkeptInWords(count: number): string {
  return count === 1 ? 'This result is not in the gallery.' : `${count} results are not in the gallery.`;
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
          {unkept.reason} {unkept.count === 1 ? 'It stays' : 'They stay'} among the versions: download what
          you want to keep.
        </Notice>
      )}
    </div>
  );
}
