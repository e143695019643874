/** The image on the canvas: opens one, extends it, continues from a version, and adds results to the versions. */
import type {
  Editor,
  EditorDocument,
  Noting,
  Opening,
  Pasted,
  Picture,
  PictureWork,
  Step,
} from '../../editor/store';
import { canvasBox, limitMargins, type Margins } from '../../image/box';
import { type Point, rectOfSize, type Size } from '../../image/geometry';
import { maskFromPixels } from '../../image/mask/mask';
import { type Extension, MAX_CANVAS_SIDE, placeMask, seamOverlap } from '../../image/outpaint';
import { createMask, type Mask } from '../../image/raster';
import { displayError } from '../errorDisplay';
import type { Settings } from '../settings/settings';
import { loadSample, type Sample, settingsOf } from './sample';
import {
  findVersion,
  noVersions,
  type Shown,
  toVersion,
  type Version,
  type VersionFacts,
  type VersionStore,
} from './versions';

/** A version that was kept in a draft. */
export type KeptVersion = Omit<Version, 'url' | 'thumbnailUrl'> & { thumbnail: Blob | null };

/** What is on the canvas of an image that is opened again. */
export interface Reopening extends Shown, Omit<Opening, 'mask' | 'worked'> {
  /** Reads the mask, once the image's size is known. */
  readMask(size: Size): Promise<Mask | undefined>;
}

export interface Pictures {
  /** @returns whether it is open */
  openFile(file: Blob, name: string): Promise<boolean>;
  openSample(url: URL): Promise<boolean>;
  /** Opens an image of an earlier visit with its versions. @returns whether it is open */
  reopen(name: string, kept: readonly KeptVersion[], given: Reopening): Promise<boolean>;
  /** Stops opening an image. @returns whether one was being opened */
  cancelOpening(): boolean;
  /** Closes the image; undo brings it back. */
  close(): void;
  /** @returns null if the canvas is as it was */
  extend(margins: Margins): Promise<Extension | null>;
  /** Shows a version; null shows the canvas. A step of undo. */
  show(id: number | null): void;
  /**
   * Puts a version on the canvas, under the mask. A step of undo.
   * @param since the newest step before a stroke was painted on the version, null if there was none: undo takes both back
   * together. Undefined if nothing was painted on it
   */
  continueFrom(id: number, since?: Step | null): Promise<void>;
  /** Puts a result on the canvas and clears the mask, whose work is done: one step of undo. */
  accept(id: number): Promise<void>;
  /** Adds a result to the versions under the next number; without a `batch` it begins one. */
  add(pasted: Size & Pasted, facts: VersionFacts): Version;
}

/** Where errors and notes about the image are shown, and what is known of the current run. */
export interface RunDisplay {
  readonly store: { getState(): { running: boolean } };
  setPlan(plan: null): void;
  clearErrors(): void;
  clearStageError(): void;
  showError(error: unknown): void;
  showStageError(message: string): void;
  showStageNote(note: string): void;
}

export interface PictureParts {
  editor: Editor;
  imaging: PictureWork;
  /** The sample comes with settings. */
  settings: { change(changed: Partial<Settings>): void };
  versions: VersionStore;
  runState: RunDisplay;
  /** Called before another image takes the canvas, whether it is opened or undo returns to it. */
  onReplace(): void;
}

/** An image's versions, kept while undo or redo may return to it. */
interface Album {
  items: readonly Version[];
}

interface Opened {
  picture: Picture;
  name: string;
  sample?: Sample;
  given?: Opening;
  /** Absent: the image is its only version. */
  before?: Shown & { kept: readonly (VersionFacts & Pick<Version, 'id' | 'origin'> & Size & Pasted)[] };
}

const noRun = { prompt: '', seed: null, modelName: null, seconds: null, batch: null };

export function createPictures(parts: PictureParts): Pictures {
  const { editor, imaging, settings, versions, runState, onReplace } = parts;
  /** Which version each document shows: undo may return to it. */
  const shownBy = new WeakMap<EditorDocument, Shown>();
  const albumOf = new WeakMap<EditorDocument, Album>();
  /** The album of the image on the canvas, and those of images that undo may bring back. */
  let album: Album = { items: [] };
  let aside: Album[] = [];
  let openings = 0;

  const present = (): Shown => {
    const { baseId, shownId } = versions.store.getState();
    return { baseId, shownId };
  };

  /** Shows another album and puts the current one aside. */
  const take = (next: Album, shown: Shown) => {
    album.items = versions.store.getState().items;
    if (next !== album) aside = [...aside.filter((other) => other !== next), album];
    album = next;
    versions.replace(next.items, shown);
  };

  editor.onResize((document) => {
    const next = albumOf.get(document) ?? album;
    if (next !== album) {
      onReplace();
      // It was about the image before.
      runState.clearStageError();
    }
    editor.showPreview(null);
    runState.setPlan(null);
    take(next, shownBy.get(document) ?? present());
  });

  /** Notes what the document on the canvas shows. */
  const remember = (shown: Shown) => {
    if (!editor.document) return;
    shownBy.set(editor.document, shown);
    albumOf.set(editor.document, album);
  };
  const put = (next: Shown, picture: Picture | null) => {
    if (picture) editor.setPicture(picture);
    remember(next);
    versions.show(next);
  };
  /**
   * Shows other versions, as a step of undo.
   * @param picture the new base, if it is another one of the same size
   */
  const turnTo = (next: Shown, picture: Picture | null, how: Noting) => {
    let other = present();
    let opened: Picture | null = null;
    put(next, picture);
    editor.note(
      {
        // The image is decoded again: a step that held it would take as much memory as a canvas.
        ready() {
          if (other.baseId === present().baseId) return undefined;
          const { document } = editor;
          return openVersion(other.baseId).then((picture) => {
            if (editor.document === document) opened = picture;
            else picture.close();
          });
        },
        exchange() {
          const there = present();
          if (!opened && other.baseId !== there.baseId)
            throw new TypeError('ready() decodes the image first');
          put(other, opened);
          opened = null;
          other = there;
        },
      },
      how,
    );
  };
  const openVersion = async (id: number): Promise<Picture> => {
    const version = findVersion(versions.store.getState(), id);
    if (!version) throw new TypeError('steps lead to existing versions');
    return imaging.open(version.file, `version ${id}`);
  };

  const nextId = () => Math.max(...versions.store.getState().items.map(({ id }) => id)) + 1;
  const originOf = (id: number | null): Point =>
    findVersion(versions.store.getState(), id)?.origin ?? { x: 0, y: 0 };

  async function thumbnailOf(from: Picture | Blob): Promise<Blob> {
    if (!(from instanceof Blob)) return imaging.thumbnail(from);
    const picture = await imaging.open(from, 'an earlier version');
    try {
      return await imaging.thumbnail(picture);
    } finally {
      picture.close();
    }
  }

  /** An open picture as a version's files. */
  async function pastedOf(picture: Picture): Promise<Size & Pasted> {
    const { width, height, file } = picture;
    return { width, height, file, thumbnail: await imaging.thumbnail(picture) };
  }

  /** Begins the album of the image that was opened; albums that undo cannot reach are released. */
  function begin(items: readonly Version[], shown: Shown): void {
    take({ items }, shown);
    remember(shown);
    const reachable = new Set<Album>();
    for (let document = editor.document?.before; document; document = document.before) {
      const other = albumOf.get(document);
      if (other) reachable.add(other);
    }
    for (const { items } of aside.filter((other) => !reachable.has(other))) {
      for (const { url, thumbnailUrl } of items) {
        URL.revokeObjectURL(url);
        URL.revokeObjectURL(thumbnailUrl);
      }
    }
    aside = aside.filter((other) => reachable.has(other));
  }

  /** Runs `load` and shows the image, unless another one was opened meanwhile. @param title what the page says until then */
  async function open(title: string, load: () => Promise<Opened>): Promise<boolean> {
    openings += 1;
    const ticket = openings;
    editor.setOpening(title);
    try {
      const { picture, name, sample, given, before } = await load();
      const original = { ...noRun, id: 0, parentId: null, origin: { x: 0, y: 0 } };
      const { kept, ...shown } = before ?? {
        kept: [{ ...original, ...(await pastedOf(picture)) }],
        ...{ baseId: 0, shownId: null },
      };
      if (ticket !== openings) {
        picture.close();
        return false;
      }
      onReplace();
      editor.setOpening(null);
      editor.open(picture, name, given);
      if (sample) settings.change(settingsOf(sample));
      begin(
        kept.map((version) => toVersion(version, version)),
        shown,
      );
      runState.clearErrors();
      // For an image of an earlier visit this was shown before.
      if (picture.loss && !before)
        runState.showStageNote(`“${name}”: ${picture.loss}. The file itself is unchanged.`);
      if (sample?.hint) runState.showStageNote(sample.hint);
      return true;
    } catch (error) {
      if (ticket === openings) runState.showStageError(displayError(error).message);
      return false;
    } finally {
      if (ticket === openings) editor.setOpening(null);
    }
  }

  function cancelOpening(): boolean {
    const isOpening = editor.store.getState().opening !== null;
    openings += 1;
    editor.setOpening(null);
    return isOpening;
  }

  async function extend(wanted: Margins): Promise<Extension | null> {
    const { document } = editor;
    if (!document || runState.store.getState().running) return null;
    const before = document.picture;
    const canvas = canvasBox(before, limitMargins(before, wanted, MAX_CANVAS_SIDE));
    if (canvas.width === before.width && canvas.height === before.height) return null;
    const overlap = seamOverlap(before);
    let extension: Extension | null = null;
    editor.endStroke();
    await inLine(async () => {
      // A command before this one may have put another version there.
      const { baseId } = versions.store.getState();
      const { x, y } = originOf(baseId);
      const picture = await imaging.extend({ picture: document.picture.file, canvas });
      const pasted = await pastedOf(picture);
      if (editor.document !== document) return picture.close(); // another image was opened meanwhile
      const origin = { x: x + canvas.x, y: y + canvas.y };
      const version = toVersion(pasted, { ...noRun, id: nextId(), parentId: baseId, origin });
      versions.append(version);
      const wasMasked = editor.store.getState().maskBounds.width > 0;
      resize(picture, placeMask(document.mask, canvas, overlap), version.id);
      const pixels = canvas.width * canvas.height - before.width * before.height;
      extension = { pixels, area: wasMasked ? placeMask(createMask(before), canvas, overlap) : null };
    });
    return extension;
  }

  async function continueFrom(id: number, since?: Step | null): Promise<void> {
    const version = findVersion(versions.store.getState(), id);
    if (!version || id === versions.store.getState().baseId) return;
    // The stroke that just ended, if it changed anything: others may follow before the image is decoded.
    const last = editor.lastStep();
    const stroke = since === undefined || last === since ? undefined : (last ?? undefined);
    await inLine(async () => {
      const { document } = editor;
      const picture = await openVersion(id);
      if (!document || editor.document !== document) return picture.close(); // another image was opened meanwhile
      const { mask } = document;
      if (picture.width === mask.width && picture.height === mask.height) {
        turnTo({ baseId: id, shownId: null }, picture, { with: stroke });
        return;
      }
      // Another size: the mask keeps its place on the image, and what is outside is cut off.
      const from = originOf(versions.store.getState().baseId);
      const { width, height } = picture;
      const place = { x: version.origin.x - from.x, y: version.origin.y - from.y, width, height };
      resize(picture, placeMask(mask, place, 0), id);
    });
  }

  /** Further commands wait for it; errors are shown. */
  async function inLine(action: () => Promise<void>): Promise<void> {
    try {
      await editor.inLine(action);
    } catch (error) {
      runState.showError(error);
    }
  }

  /** Continues from a version of another size, which needs its own canvas. */
  function resize(picture: Picture, mask: Mask, baseId: number): void {
    editor.resize(picture, mask);
    put({ baseId, shownId: null }, null);
  }

  return {
    openFile: (file, name) => open(name, async () => ({ picture: await imaging.open(file, name), name })),
    openSample(url) {
      return open('the sample', async () => {
        const { about, image, mask } = await loadSample(url);
        const [picture, maskPicture] = await Promise.all([
          imaging.open(image, about.image),
          imaging.open(mask, about.mask),
        ]);
        const given = { mask: maskFromPixels(maskPicture.read(rectOfSize(maskPicture))) };
        maskPicture.close();
        return { picture, name: about.image, sample: about, given };
      });
    },
    reopen: (name, kept, { baseId, shownId, readMask, frame = null }) =>
      open(name, async () => {
        const base = kept.find(({ id }) => id === baseId);
        if (!base) throw new TypeError('a draft keeps the version on its canvas');
        const picture = await imaging.open(base.file, name);
        const whole = kept.map(async (version) => ({
          ...version,
          thumbnail: version.thumbnail ?? (await thumbnailOf(version === base ? picture : version.file)),
        }));
        const shown = kept.some(({ id }) => id === shownId) ? shownId : null;
        return {
          picture,
          name,
          given: { mask: await readMask(picture), frame, worked: true },
          before: { kept: await Promise.all(whole), baseId, shownId: shown },
        };
      }),
    cancelOpening,
    close() {
      if (!editor.document) return;
      cancelOpening();
      onReplace();
      editor.close();
      take({ items: noVersions.items }, noVersions);
      runState.clearErrors();
    },
    show(id) {
      const { baseId, shownId, forming } = versions.store.getState();
      const next = id === baseId ? null : id;
      if (forming) versions.setForming(false);
      // Looking at a version leaves redo as it is.
      if (next !== shownId) turnTo({ baseId, shownId: next }, null, { keepsRedo: true });
    },
    extend,
    continueFrom,
    async accept(id) {
      const before = editor.lastStep();
      editor.clear();
      await editor.settled();
      await continueFrom(id, before);
    },
    add(pasted, facts) {
      const id = nextId();
      const origin = originOf(facts.parentId);
      const version = toVersion(pasted, { ...facts, id, origin, batch: facts.batch ?? id });
      versions.append(version);
      return version;
    },
  };
}
