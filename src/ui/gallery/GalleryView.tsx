/** One result as large as the dialog allows, with buttons for the previous and the next. */
import { ArrowLeft, ChevronLeft, ChevronRight, Download, FolderOpen, SlidersHorizontal } from 'lucide-react';
import { useEffect, useLayoutEffect, useState } from 'react';
import { type GalleryItem, galleryFileName } from '../../state/gallery/gallery';
import { restore } from '../../state/session/recipeOffer';
import { useApp, useSession, useVersions } from '../base/context';
import { giveFile } from '../base/downloadAndCopy';
import { DialogTitle } from '../controls/Dialog';
import { IconButton } from '../controls/IconButton';
import { factsOf, madeAt, titleOf } from './galleryFacts';
import './galleryView.css';

export interface GalleryViewProps {
  items: readonly GalleryItem[];
  id: number;
  onShow(id: number): void;
  onBack(): void;
  /** The page shows or uses the result: the gallery closes. */
  onDone(): void;
}

export function GalleryView({ items, id, onShow, onBack, onDone }: GalleryViewProps) {
  const session = useSession();
  const at = items.findIndex((item) => item.id === id);
  const item = items[at];
  const picture = usePicture(item);
  const before = useBefore(item);
  const [held, setHeld] = useState(false);
  const previous = items[at - 1]?.id;
  const next = items[at + 1]?.id;
  const download = () => {
    if (item && picture) giveFile(picture.file, galleryFileName(item));
  };
  // Before the browser paints: keys act on the result that is visible.
  useLayoutEffect(() => {
    const onDown = (event: KeyboardEvent) => {
      const { key, code, ctrlKey, metaKey, target } = event;
      if (target instanceof HTMLInputElement) return;
      const isSave = code === 'KeyS' && (ctrlKey || metaKey);
      const other = key === 'ArrowLeft' ? previous : key === 'ArrowRight' ? next : undefined;
      if (isSave) download();
      else if (other !== undefined) onShow(other);
      else if (code === 'KeyC' && !ctrlKey && !metaKey) setHeld(true);
      else return;
      // Neither the page's own keys nor the browser's.
      event.preventDefault();
    };
    const release = () => setHeld(false);
    const onUp = ({ code }: KeyboardEvent) => code === 'KeyC' && release();
    window.addEventListener('keydown', onDown, true);
    window.addEventListener('keyup', onUp, true);
    window.addEventListener('blur', release);
    return () => {
      window.removeEventListener('keydown', onDown, true);
      window.removeEventListener('keyup', onUp, true);
      window.removeEventListener('blur', release);
    };
  });
  if (!item) return null;
  const { recipe } = item;
  const open = async () => {
    if (!picture) return;
    onDone();
    await session.openFile(picture.file, galleryFileName(item));
  };
  const hold = () => setHeld(true);
  const release = () => setHeld(false);
  return (
    <div className="gallery-view">
      <div className="gallery-view-top">
        <button type="button" className="button" onClick={onBack}>
          <ArrowLeft size={16} strokeWidth={1.8} aria-hidden />
          All results
        </button>
        <span className="tabular">
          {at + 1} of {items.length}
        </span>
      </div>
      <DialogTitle>{titleOf(item)}</DialogTitle>
      <div className="gallery-stage">
        {picture && <img src={held && before ? before : picture.url} alt={titleOf(item)} />}
        <IconButton
          name="Previous result"
          icon={ChevronLeft}
          disabled={previous === undefined}
          onPress={() => previous !== undefined && onShow(previous)}
        />
        <IconButton
          name="Next result"
          icon={ChevronRight}
          disabled={next === undefined}
          onPress={() => next !== undefined && onShow(next)}
        />
      </div>
      <p className="gallery-facts tabular">
        <time dateTime={recipe.madeAt}>{madeAt(item)}</time>
        {factsOf(item, items).map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </p>
      <div className="gallery-view-actions">
        <button type="button" className="button" disabled={!picture} onClick={() => void open()}>
          <FolderOpen size={16} strokeWidth={1.8} aria-hidden />
          Open on the canvas
        </button>
        <button
          type="button"
          className="button"
          onClick={() => {
            restore(session, { recipe });
            onDone();
          }}
        >
          <SlidersHorizontal size={16} strokeWidth={1.8} aria-hidden />
          Restore settings
        </button>
        <button type="button" className="button" disabled={!picture} onClick={download}>
          <Download size={16} strokeWidth={1.8} aria-hidden />
          Download
        </button>
        {before && (
          <button
            type="button"
            className="button"
            aria-pressed={held}
            title="C"
            onPointerDown={hold}
            onPointerUp={release}
            onPointerLeave={release}
            onPointerCancel={release}
            onKeyDown={({ key }) => (key === ' ' || key === 'Enter') && hold()}
            onKeyUp={release}
          >
            Hold to compare
          </button>
        )}
      </div>
    </div>
  );
}

/** A result's file, and an object URL while it is shown. */
function usePicture(of: GalleryItem | undefined): { file: Blob; url: string } | null {
  const { gallery } = useApp();
  const [found, setFound] = useState<{ of: GalleryItem; file: Blob; url: string } | null>(null);
  useEffect(() => {
    let url: string | null = null;
    let gone = false;
    const read = async () => {
      const file = of && (await gallery.picture(of));
      if (!of || !file || gone) return;
      url = URL.createObjectURL(file);
      setFound({ of, file, url });
    };
    void read();
    return () => {
      gone = true;
      setFound(null);
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [gallery, of]);
  // Just after a step to a neighbour this is still the last one's.
  return found?.of === of ? found : null;
}

/** The URL of the version that a result was made from, if it is among the versions of the open image. */
function useBefore(item: GalleryItem | undefined): string | null {
  const { gallery } = useApp();
  const items = useVersions((state) => state.items);
  const [before, setBefore] = useState<{ item: GalleryItem | undefined; url: string } | null>(null);
  useEffect(() => {
    let gone = false;
    setBefore(null);
    const look = async () => {
      for (const version of items) {
        if ((await gallery.idOf(version.file)) !== item?.id) continue;
        const parent = items.find(({ id }) => id === version.parentId);
        if (!gone && parent) setBefore({ item, url: parent.url });
        return;
      }
    };
    void look();
    return () => {
      gone = true;
    };
  }, [gallery, items, item]);
  return before?.item === item ? (before?.url ?? null) : null;
}
