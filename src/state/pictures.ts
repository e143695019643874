/** Which picture is on the canvas: opens one, draws it out, returns to a version, and adds results to the versions. */
import type { StoreApi } from 'zustand/vanilla';
import { canvasBox, limitMargins, type Margins } from '../editor/kernels/box';
import { type Point, rectOfSize, type Size } from '../editor/kernels/geometry';
import { maskFromPixels } from '../editor/kernels/mask';
import { MAX_CANVAS_SIDE, placeMask } from '../editor/kernels/outpaint';
import type { Editor, EditorDocument, Pasted, Picture, PictureWork } from '../editor/store';
import { complaintOf } from './complaint';
import { clean, type JobState, showError } from './runState';
import { loadSample, type Sample, settingsOf } from './sample';
import type { Settings } from './settings';
import { findVersion, type Version, type Versions } from './versions';

/** A version of an earlier time. */
export type KeptVersion = Omit<Version, 'url' | 'thumbnailUrl'> & { thumbnail: Blob | null };

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
  reopen(name: string, kept: readonly KeptVersion[], baseId: number): Promise<boolean>;
  extend(margins: Margins): Promise<void>;
  continueFrom(id: number): Promise<void>;
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
  sample?: { mask: Picture; about: Sample };
  /** Absent: the picture is the first of its versions. */
  before?: {
    kept: readonly (VersionFacts & Pick<Version, 'id' | 'origin'> & Size & Pasted)[];
    baseId: number;
  };
}

/** So far the mask of new canvas reaches back over the picture, for the seam to be blended there. Image pixels. */
const SEAM_OVERLAP = 16;

const noRun = { prompt: '', seed: null, modelName: null, seconds: null, batch: null };

export function createPictures(parts: PictureParts): Pictures {
  const { editor, imaging, settings, versions, job, onReplace } = parts;
  /** Which version each document shows: undo may return to a document of another size. */
  const shownBy = new WeakMap<EditorDocument, number>();
  const albumOf = new WeakMap<EditorDocument, Album>();
  /** That of the picture on the canvas, and those that were put aside. */
  let album: Album = { items: [] };
  let aside: Album[] = [];
  let openings = 0;

  /** Puts the present versions aside and takes up another picture's. */
  const take = (next: Album) => {
    album.items = versions.getState().items;
    aside = [...aside.filter((other) => other !== next), album];
    album = next;
    versions.setState({ items: next.items });
  };

  editor.onResize((document) => {
    const other = albumOf.get(document);
    if (other && other !== album) {
      onReplace();
      take(other);
      // What was said of the picture that is left.
      job.setState({ stageError: null });
    }
    editor.showPreview(null);
    job.setState({ plan: null });
    versions.setState({ baseId: shownBy.get(document) ?? versions.getState().baseId, shownId: null });
  });

  const remember = (id: number) => {
    if (!editor.document) return;
    shownBy.set(editor.document, id);
    albumOf.set(editor.document, album);
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
  function begin(items: readonly Version[], baseId: number): void {
    take({ items });
    versions.setState({ baseId, shownId: null });
    const { document } = editor;
    const before = document?.before ? albumOf.get(document.before) : undefined;
    for (const { items } of aside.filter((other) => other !== before)) {
      for (const { url, thumbnailUrl } of items) {
        URL.revokeObjectURL(url);
        URL.revokeObjectURL(thumbnailUrl);
      }
    }
    aside = before ? [before] : [];
  }

  /** Runs `load` and shows what it opens, unless something else was opened meanwhile. */
  async function open(load: () => Promise<Opened>): Promise<boolean> {
    openings += 1;
    const ticket = openings;
    try {
      const { picture, name, sample, before } = await load();
      const original = { ...noRun, id: 0, parentId: null, origin: { x: 0, y: 0 } };
      const { kept, baseId } = before ?? { kept: [{ ...original, ...(await pastedOf(picture)) }], baseId: 0 };
      if (ticket !== openings) return false;
      onReplace();
      const mask = sample && maskFromPixels(sample.mask.read(rectOfSize(sample.mask)));
      editor.open(picture, name, mask);
      if (sample) settings.setState(settingsOf(sample.about));
      begin(
        kept.map((version) => toVersion(version, version)),
        baseId,
      );
      remember(baseId);
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
    try {
      const { baseId } = versions.getState();
      const { x, y } = originOf(baseId);
      const picture = await imaging.extend({ picture: before.file, canvas });
      const pasted = await pastedOf(picture);
      // A mask that is half computed is none.
      await editor.settled();
      if (editor.document !== document) return; // something else was opened, or undone, meanwhile
      const overlap = Math.min(SEAM_OVERLAP, before.width >> 2, before.height >> 2);
      const origin = { x: x + canvas.x, y: y + canvas.y };
      const version = toVersion(pasted, { ...noRun, id: nextId(), parentId: baseId, origin });
      versions.setState(({ items }) => ({ items: [...items, version] }));
      editor.resize(picture, placeMask(document.mask, canvas, overlap));
      remember(version.id);
      versions.setState({ baseId: version.id, shownId: null });
    } catch (error) {
      showError(job, error);
    }
  }

  async function continueFrom(id: number): Promise<void> {
    const version = findVersion(versions.getState(), id);
    if (!version) return;
    try {
      const picture = await imaging.open(version.file, `version ${id}`);
      await editor.settled();
      const { document } = editor;
      // Another picture was opened meanwhile.
      if (!document || findVersion(versions.getState(), id) !== version) return;
      if (picture.width === document.picture.width && picture.height === document.picture.height) {
        editor.setPicture(picture);
      } else {
        // Of another size: the mask keeps its place on the picture, what is beyond it is cut off.
        const from = originOf(versions.getState().baseId);
        const { width, height } = picture;
        const place = { x: version.origin.x - from.x, y: version.origin.y - from.y, width, height };
        editor.resize(picture, placeMask(document.mask, place, 0));
      }
      remember(id);
      versions.setState({ baseId: id, shownId: null });
    } catch (error) {
      showError(job, error);
    }
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
        return { picture, name: about.image, sample: { mask: maskPicture, about } };
      });
    },
    reopen: (name, kept, baseId) =>
      open(async () => {
        const base = kept.find(({ id }) => id === baseId);
        if (!base) throw new TypeError('the version that was painted on is among those that were kept');
        const picture = await imaging.open(base.file, name);
        const whole = kept.map(async (version) => ({
          ...version,
          thumbnail: version.thumbnail ?? (await thumbnailOf(version === base ? picture : version.file)),
        }));
        return { picture, name, before: { kept: await Promise.all(whole), baseId } };
      }),
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
