/** Every result that was generated in this browser: search, restore, download, delete. */
import { Download, FolderOpen, Images, Search, SlidersHorizontal, Trash2, TriangleAlert } from 'lucide-react';
import { useDeferredValue, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { type GalleryItem, galleryFileName, searchItems } from '../../state/gallery/gallery';
import { bytesInWords, freeInWords } from '../../state/models/transfer';
import { restore } from '../../state/session/recipeOffer';
import { useApp, useSession } from '../base/context';
import { giveFile } from '../base/downloadAndCopy';
import { Dialog, DialogTitle } from '../controls/Dialog';
import { IconButton } from '../controls/IconButton';
import { GalleryView } from './GalleryView';
import { factsOf, madeAt, titleOf } from './galleryFacts';
import { unkeptInWords } from './RestoreNotices';
import './galleryDialog.css';

/** Shown at first, and added by each press of "Show more". */
const PAGE = 60;

export function GalleryDialog({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  const { gallery } = useApp();
  const [viewed, setViewed] = useState<number | null>(null);
  useEffect(() => {
    if (open) void gallery.load();
  }, [open, gallery]);
  if (!open && viewed !== null) setViewed(null);
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      kind="gallery"
      closeName="Close gallery"
      onEscape={(event) => {
        if (viewed === null) return;
        // Back to the list.
        event.preventDefault();
        setViewed(null);
      }}
    >
      <Content viewed={viewed} onView={setViewed} onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

interface ContentProps {
  /** The result that is shown large. */
  viewed: number | null;
  onView(id: number | null): void;
  onDone(): void;
}

function Content({ viewed, onView, onDone }: ContentProps) {
  const { gallery } = useApp();
  const { items, problem, search } = useStore(gallery.store);
  const wanted = useDeferredValue(search);
  const [shown, setShown] = useState(PAGE);
  const found = searchItems(items ?? [], wanted);
  if (viewed !== null && found.some(({ id }) => id === viewed)) {
    return (
      <GalleryView items={found} id={viewed} onShow={onView} onBack={() => onView(null)} onDone={onDone} />
    );
  }
  return (
    <>
      <DialogTitle>Gallery</DialogTitle>
      <StorageLine />
      <UnkeptLine />
      <RemovedLine />
      {items !== null && items.length > 0 && (
        <label className="gallery-search">
          <Search size={16} strokeWidth={1.8} aria-hidden />
          <span className="sr-only">Search the gallery</span>
          <input
            type="search"
            placeholder="Search prompts and models"
            value={search}
            onChange={(event) => gallery.setSearch(event.target.value)}
          />
        </label>
      )}
      {problem && (
        <p className="gallery-problem" role="alert">
          <TriangleAlert size={16} strokeWidth={1.8} aria-hidden />
          {problem}
        </p>
      )}
      {items?.length === 0 && !problem && (
        <div className="gallery-empty">
          <Images size={40} strokeWidth={1.3} aria-hidden />
          <p>Your results appear here with their settings until you delete them.</p>
        </div>
      )}
      {items !== null && items.length > 0 && found.length === 0 && (
        <p className="gallery-empty" role="status">
          No results match “{wanted.trim()}”.
        </p>
      )}
      <ul className="gallery-list" aria-label="Results">
        {found.slice(0, shown).map((item) => (
          <Item key={item.id} item={item} among={found} onView={onView} onDone={onDone} />
        ))}
      </ul>
      {found.length > shown && (
        <button type="button" className="button" onClick={() => setShown(shown + PAGE)}>
          Show more ({found.length - shown})
        </button>
      )}
    </>
  );
}

/** Results that could not be saved; the page still has them. */
function UnkeptLine() {
  const { gallery } = useApp();
  const unkept = useStore(gallery.store, (state) => state.unkept);
  if (!unkept) return null;
  return (
    <p className="gallery-problem">
      <span>{unkeptInWords(unkept.count)}</span>
      <button type="button" className="link" onClick={() => void gallery.retry()}>
        Try saving again
      </button>
    </p>
  );
}

/** What was deleted one by one, to be restored in turn, the last one first. */
function RemovedLine() {
  const { gallery } = useApp();
  const removed = useStore(gallery.store, (state) => state.removed);
  const last = removed.at(-1);
  return (
    <div role="status">
      {last && (
        <p className="gallery-storage">
          <span>
            Deleted: {titleOf(last)}
            {removed.length > 1 && ` and ${removed.length - 1} more`}
          </span>
          <button type="button" className="link" onClick={() => void gallery.undoRemove()}>
            Undo delete
          </button>
        </p>
      )}
    </div>
  );
}

/** How much is stored, and "Delete all", which asks once more. */
function StorageLine() {
  const { gallery } = useApp();
  const { items, storage } = useStore(gallery.store);
  const [asking, setAsking] = useState(false);
  if (items === null || storage === null) return <p className="gallery-storage">…</p>;
  const count = items.length === 1 ? '1 result' : `${items.length} results`;
  if (items.length === 0) return null;
  return (
    <p className="gallery-storage">
      <span className="tabular">
        {count} · {bytesInWords(storage.usedBytes)} in this browser · {freeInWords(storage.freeBytes)}
      </span>
      {!asking && (
        <button type="button" className="link" onClick={() => setAsking(true)}>
          Delete all
        </button>
      )}
      {asking && (
        <span className="gallery-ask" role="alert">
          Delete {count} permanently?
          <button
            type="button"
            className="link"
            onClick={() => {
              setAsking(false);
              void gallery.clear();
            }}
          >
            Yes, delete all
          </button>
          <button type="button" className="link" onClick={() => setAsking(false)}>
            Keep
          </button>
        </span>
      )}
    </p>
  );
}

interface ItemProps {
  item: GalleryItem;
  among: readonly GalleryItem[];
  onView(id: number): void;
  onDone(): void;
}

function Item({ item, among, onView, onDone }: ItemProps) {
  const session = useSession();
  const { gallery } = useApp();
  const thumbnail = useObjectUrl(item.thumbnail);
  const { recipe } = item;
  const title = titleOf(item);
  const open = async () => {
    const picture = await gallery.picture(item);
    if (!picture) return;
    onDone();
    await session.openFile(picture, galleryFileName(item));
  };
  const download = async () => {
    const picture = await gallery.picture(item);
    if (picture) giveFile(picture, galleryFileName(item));
  };
  return (
    <li aria-label={title}>
      <button type="button" className="gallery-look" aria-label="View large" onClick={() => onView(item.id)}>
        {thumbnail && <img src={thumbnail} alt="" loading="lazy" />}
      </button>
      <div className="gallery-about">
        <p className="gallery-prompt" title={title}>
          {title}
        </p>
        <p className="gallery-facts tabular">
          <time dateTime={recipe.madeAt}>{madeAt(item)}</time>
          {factsOf(item, among).map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </p>
      </div>
      <div className="gallery-actions">
        <IconButton
          name="Restore settings"
          icon={SlidersHorizontal}
          onPress={() => {
            restore(session, { recipe });
            onDone();
          }}
        />
        <IconButton name="Open on the canvas" icon={FolderOpen} onPress={() => void open()} />
        <IconButton name="Download" icon={Download} onPress={() => void download()} />
        <IconButton name="Delete" icon={Trash2} onPress={() => void gallery.remove(item)} />
      </div>
    </li>
  );
}

/** Valid as long as the component is shown. */
function useObjectUrl(file: Blob): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}
