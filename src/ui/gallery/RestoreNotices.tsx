/** Notices over the image: the restored session, settings found in an image, results that were not saved. */
import { History, type LucideIcon, SlidersHorizontal, TriangleAlert, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { useApp, useEditor } from '../base/context';
import './restoreNotices.css';

export function RestoreNotices() {
  return (
    <div className="restore-notices">
      <RestoredNotice />
      <AsideNotice />
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
  /** Another way on, less likely. */
  other?: { name: string; onPress(): void };
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
      {props.other && (
        <button type="button" className="button" onClick={props.other.onPress}>
          {props.other.name}
        </button>
      )}
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
  const { drafts, session, samples } = useApp();
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
          other={{
            name: 'Open the sample',
            onPress: () => void drafts.startWith(() => session.openSample(samples[0].url)),
          }}
          dismissName="Dismiss"
          onDismiss={drafts.seen}
        >
          {restored}
        </Notice>
      )}
    </div>
  );
}

/** Another image is open now: the way back to the session that was put away for it. The menu keeps it too. */
function AsideNotice() {
  const { drafts } = useApp();
  const { offered, restored } = useStore(drafts.store);
  const hasPicture = useEditor((state) => state.picture !== null);
  const [seen, setSeen] = useState<string | null>(null);
  const id = hasPicture && restored === null && offered?.isNew ? offered.id : null;
  const isShown = id !== null && id !== seen;
  useEffect(() => {
    if (!isShown) return;
    const timer = setTimeout(() => setSeen(id), RESTORED_MS);
    return () => clearTimeout(timer);
  }, [isShown, id]);
  return (
    <div role="status">
      {isShown && (
        <Notice
          icon={History}
          title="Your last session is saved."
          action="Restore session"
          onAction={() => void drafts.accept()}
          dismissName="Dismiss"
          onDismiss={() => setSeen(id)}
        >
          {offered?.name}
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
