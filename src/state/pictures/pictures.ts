/** Which picture is on the canvas: opens one, draws it out, returns to a version, and adds results to the versions. */
import type { StoreApi } from 'zustand/vanilla';
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
import { MAX_CANVAS_SIDE, placeMask } from '../../image/outpaint';
import type { Mask } from '../../image/raster';
import { complaintOf } from '../errorDisplay';
import { clean, type JobState, showError } from '../run/runState';
import type { Settings } from '../settings/settings';
import { loadSample, type Sample, settingsOf } from './sample';
import { findVersion, noVersions, type Shown, type Version, type Versions } from './versions';

/** A version of an earlier time. */
export type KeptVersion = Omit<Version, 'url' | 'thumbnailUrl'> & { thumbnail: Blob | null };

/** What lies on the canvas of a picture that is opened again. */
export interface Reopening extends Shown, Omit<Opening, 'mask' | 'worked'> {
  /** Reads the mask, once the picture's size is known. */
  readMask(size: Size): Promise<Mask | undefined>;
}

/** What a version is told by; its files are made here. */
export type VersionFacts = Omit<
  Version,
  'id' | 'width' | 'height' | 'file' | 'url' | 'thumbnailUrl' | 'origin'
>;

export interface Pictures {
  /** @returns whether it is open */
  openFile(file: Blob, name: string): Promise<boolean>;
  openSample(url: URL): Promise<boolean>;
  /** Opens a picture that was worked on before, with its versions. @returns whether it is open */
  reopen(name: string, kept: readonly KeptVersion[], given: Reopening): Promise<boolean>;
  /** Puts the picture away; undo brings it back. */
  close(): void;
  extend(margins: Margins): Promise<void>;
  /** Shows a version; null shows what is painted on. A step of undo. */
  show(id: number | null): void;
  /**
   * Puts a version on the canvas, to be painted on. A step of undo.
   * @param since the newest step before it was painted on, null if there was none: undo takes back going on together with
   * what was painted. Undefined if it was not painted on
   */
  continueFrom(id: number, since?: Step | null): Promise<void>;
  /** Adds what was pasted onto its parent to the versions, under the next number; without a `batch` it begins one. */
  add(pasted: Size & Pasted, facts: VersionFacts): Version;
}

export interface PictureParts {
  editor: Editor;
  imaging: PictureWork;
  settings: StoreApi<Settings>;
  versions: StoreApi<Versions>;
  job: StoreApi<JobState>;
  /** Called before another picture takes the canvas, be it opened or returned to. */
  onReplace(): void;
}

/** A picture's versions, kept while undo or redo may return to it. */
interface Album {
  items: readonly Version[];
}

interface Opened {
  picture: Picture;
  name: string;
  sample?: Sample;
  given?: Opening;
  /** Absent: the picture is the first of its versions. */
  before?: Shown & { kept: readonly (VersionFacts & Pick<Version, 'id' | 'origin'> & Size & Pasted)[] };
}

/** So far the mask of new canvas reaches back over the picture, for the seam to be blended there. Image pixels. */
const SEAM_OVERLAP = 16;

const noRun = { prompt: '', seed: null, modelName: null, seconds: null, batch: null };

export function createPictures(parts: PictureParts): Pictures {
  const { editor, imaging, settings, versions, job, onReplace } = parts;
  /** What each document shows: undo may return to it. */
  const shownBy = new WeakMap<EditorDocument, Shown>();
  const albumOf = new WeakMap<EditorDocument, Album>();
  /** That of the picture on the canvas, and those that were put aside. */
  let album: Album = { items: [] };
  let aside: Album[] = [];
  let openings = 0;

  const present = (): Shown => {
    const { baseId, shownId } = versions.getState();
    return { baseId, shownId };
  };

  /** Shows the versions of another album than the present one, which is put aside. */
  const take = (next: Album, shown: Shown) => {
    album.items = versions.getState().items;
    if (next !== album) aside = [...aside.filter((other) => other !== next), album];
    album = next;
    versions.setState({ ...shown, items: next.items, forming: false });
  };

  editor.onResize((document) => {
    const next = albumOf.get(document) ?? album;
    if (next !== album) {
      onReplace();
      // What was said of the picture that is left.
      job.setState({ stageError: null });
    }
    editor.showPreview(null);
    job.setState({ plan: null });
    take(next, shownBy.get(document) ?? present());
  });

  /** Of the document on the canvas. */
  const remember = (shown: Shown) => {
    if (!editor.document) return;
    shownBy.set(editor.document, shown);
    albumOf.set(editor.document, album);
  };
  const put = (next: Shown, picture: Picture | null) => {
    if (picture) editor.setPicture(picture);
    remember(next);
    versions.setState(next);
  };
  /**
   * Shows other versions, as a step.
   * @param picture the base, where it becomes another one of the same size
   */
  const turnTo = (next: Shown, picture: Picture | null, how: Noting) => {
    let other = present();
    let opened: Picture | null = null;
    put(next, picture);
    editor.note(
      {
        // Its picture is decoded anew: a step that held it would cost as much memory as a canvas.
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
          if (!opened && other.baseId !== there.baseId) throw new TypeError('its picture was made ready');
          put(other, opened);
          opened = null;
          other = there;
        },
      },
      how,
    );
  };
  const openVersion = async (id: number): Promise<Picture> => {
    const version = findVersion(versions.getState(), id);
    if (!version) throw new TypeError('versions go with their picture only');
    return imaging.open(version.file, `version ${id}`);
  };

  const nextId = () => Math.max(...versions.getState().items.map(({ id }) => id)) + 1;
  const originOf = (id: number | null): Point =>
    findVersion(versions.getState(), id)?.origin ?? { x: 0, y: 0 };

  async function thumbnailOf(from: Picture | Blob): Promise<Blob> {
    if (!(from instanceof Blob)) return imaging.thumbnail(from);
    const picture = await imaging.open(from, 'an earlier version');
    try {
      return await imaging.thumbnail(picture);
    } finally {
      picture.close();
    }
  }

  /** Of a picture that is on the page already. */
  async function pastedOf(picture: Picture): Promise<Size & Pasted> {
    const { width, height, file } = picture;
    return { width, height, file, thumbnail: await imaging.thumbnail(picture) };
  }

  /** Begins the versions of the picture that was opened; those that nothing leads back to are let go. */
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

  /** Runs `load` and shows what it opens, unless something else was opened meanwhile. */
  async function open(load: () => Promise<Opened>): Promise<boolean> {
    openings += 1;
    const ticket = openings;
    try {
      const { picture, name, sample, given, before } = await load();
      const original = { ...noRun, id: 0, parentId: null, origin: { x: 0, y: 0 } };
      const { kept, ...shown } = before ?? {
        kept: [{ ...original, ...(await pastedOf(picture)) }],
        ...{ baseId: 0, shownId: null },
      };
      if (ticket !== openings) return false;
      onReplace();
      editor.open(picture, name, given);
      if (sample) settings.setState(settingsOf(sample));
      begin(
        kept.map((version) => toVersion(version, version)),
        shown,
      );
      // Of a picture that was worked on before it has been said.
      const stageNote =
        picture.loss && !before ? `“${name}”: ${picture.loss}. The file itself stays as it is.` : null;
      job.setState({ ...clean, stageNote });
      return true;
    } catch (error) {
      if (ticket === openings) job.setState({ stageError: complaintOf(error).message });
      return false;
    }
  }

  async function extend(wanted: Margins): Promise<void> {
    const { document } = editor;
    if (!document || job.getState().running) return;
    const before = document.picture;
    const canvas = canvasBox(before, limitMargins(before, wanted, MAX_CANVAS_SIDE));
    if (canvas.width === before.width && canvas.height === before.height) return;
    editor.endStroke();
    await inLine(async () => {
      // What came before it in the line may have put another version there.
      const { baseId } = versions.getState();
      const { x, y } = originOf(baseId);
      const picture = await imaging.extend({ picture: document.picture.file, canvas });
      const pasted = await pastedOf(picture);
      if (editor.document !== document) return picture.close(); // another picture was opened meanwhile
      const overlap = Math.min(SEAM_OVERLAP, before.width >> 2, before.height >> 2);
      const origin = { x: x + canvas.x, y: y + canvas.y };
      const version = toVersion(pasted, { ...noRun, id: nextId(), parentId: baseId, origin });
      versions.setState(({ items }) => ({ items: [...items, version] }));
      resize(picture, placeMask(document.mask, canvas, overlap), version.id);
    });
  }

  async function continueFrom(id: number, since?: Step | null): Promise<void> {
    const version = findVersion(versions.getState(), id);
    if (!version || id === versions.getState().baseId) return;
    // The stroke that was just ended, if it changed anything: others may follow before the picture is there.
    const last = editor.lastStep();
    const stroke = since === undefined || last === since ? undefined : (last ?? undefined);
    await inLine(async () => {
      const { document } = editor;
      const picture = await openVersion(id);
      if (!document || editor.document !== document) return picture.close(); // another picture was opened meanwhile
      const { mask } = document;
      if (picture.width === mask.width && picture.height === mask.height) {
        turnTo({ baseId: id, shownId: null }, picture, { with: stroke });
        return;
      }
      // Of another size: the mask keeps its place on the picture, what is beyond it is cut off.
      const from = originOf(versions.getState().baseId);
      const { width, height } = picture;
      const place = { x: version.origin.x - from.x, y: version.origin.y - from.y, width, height };
      resize(picture, placeMask(mask, place, 0), id);
    });
  }

  /** Commands wait for it, and what goes wrong is told. */
  async function inLine(action: () => Promise<void>): Promise<void> {
    try {
      await editor.inLine(action);
    } catch (error) {
      showError(job, error);
    }
  }

  /** Goes on with a version of another size, which is a canvas of its own. */
  function resize(picture: Picture, mask: Mask, baseId: number): void {
    editor.resize(picture, mask);
    put({ baseId, shownId: null }, null);
  }

  return {
    openFile: (file, name) => open(async () => ({ picture: await imaging.open(file, name), name })),
    openSample(url) {
      return open(async () => {
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
      open(async () => {
        const base = kept.find(({ id }) => id === baseId);
        if (!base) throw new TypeError('the version that was painted on is among those that were kept');
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
    close() {
      if (!editor.document) return;
      openings += 1;
      onReplace();
      editor.close();
      take({ items: noVersions.items }, noVersions);
      job.setState({ ...clean });
    },
    show(id) {
      const { baseId, shownId, forming } = versions.getState();
      const next = id === baseId ? null : id;
      if (forming) versions.setState({ forming: false });
      // A look takes nothing away from what can be done again.
      if (next !== shownId) turnTo({ baseId, shownId: next }, null, { keepsRedo: true });
    },
    extend,
    continueFrom,
    add(pasted, facts) {
      const id = nextId();
      const origin = originOf(facts.parentId);
      const version = toVersion(pasted, { ...facts, id, origin, batch: facts.batch ?? id });
      versions.setState(({ items }) => ({ items: [...items, version] }));
      return version;
    },
  };
}

function toVersion(
  { width, height, file, thumbnail }: Size & Pasted,
  {
    id,
    parentId,
    prompt,
    seed,
    modelName,
    seconds,
    batch,
    origin,
  }: VersionFacts & Pick<Version, 'id' | 'origin'>,
): Version {
  const urls = { url: URL.createObjectURL(file), thumbnailUrl: URL.createObjectURL(thumbnail) };
  const facts = { id, parentId, prompt, seed, modelName, seconds, batch, origin };
  return { ...facts, width, height, file, ...urls };
}
