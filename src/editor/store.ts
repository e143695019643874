/**
 * The editor: a document (image, mask, history), which is kept outside the store, and the small, plain data that panels
 * show.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { type Point, type Rect, rectOfSize, type Size } from '../image/geometry';
import { createMask, type Mask } from '../image/raster';
import { closePictures, type EditorDocument, type Preview } from './document/document';
import { createFrameActions, type FrameActions } from './document/frameActions';
import { MaskHistory } from './document/history';
import { createMaskActions } from './document/maskActions';
import type { MaskActions } from './document/maskActionTypes';
import { createObjectActions, type ObjectSource } from './document/objectActions';
import { overlayColourOf, type Picture } from './document/picture';
import { type EditorState, edgeRadius, initialState } from './state';
import type { Draft } from './tools/draft';
import { Gesture } from './tools/gesture';
import type { ToolId } from './tools/index';
import { inRange, numberOptions, type ToolSettings } from './tools/toolSettings';
import { createViewActions, type ViewActions } from './view/viewActions';
import { directWork, type MaskWork } from './workers/maskOperations';

export type { Point, Rect, Size } from '../image/geometry';
export type { EditorDocument, Preview } from './document/document';
export { areaInSight, type ObjectSource } from './document/objectActions';
export { overlayColourOf, type Picture } from './document/picture';
export type { Noting, Step } from './document/undoStep';
export * from './state';
export { type ToolId, tools } from './tools/index';
export type { NumberOption, Tool, ToolOption } from './tools/tool';
export { toolOf } from './tools/toolSettings';
export { fitMargin } from './view/viewActions';
export type { Pasted, PictureWork, Prepared } from './workers/pictureWork';

/** What the user sets about tools and how the mask is shown. */
export type EditorOptions = Partial<
  ToolSettings & Pick<EditorState, 'tool' | 'edgeRadius' | 'look' | 'panning' | 'startsAnew'>
>;

export interface Opening {
  /** A mask of the image's size; without one the mask is empty. */
  mask?: Mask | undefined;
  /** The frame that the user chose, in image pixels; null if it follows from the mask. */
  frame?: Rect | null;
  /** Whether it was worked on in an earlier session: undo then returns to it even if nothing was done to it here. */
  worked?: boolean;
}

export interface Editor extends ViewActions, Omit<MaskActions, 'record' | 'selectPart'>, FrameActions {
  readonly store: StoreApi<EditorState>;
  /** Large data; null while no image is open. */
  readonly document: EditorDocument | null;
  readonly preview: Preview | null;
  /** Passes presses and moves on to the current tool. */
  readonly gesture: Gesture;
  /** Opens an image with its own history. Undo returns to the previous image, if anything was done to it. */
  open(picture: Picture, name: string, given?: Opening): void;
  /** Closes the image; undo brings it back. */
  close(): void;
  /** Says that an image is being opened: what is painted meanwhile would be on the one that it replaces. Null: no longer. */
  setOpening(name: string | null): void;
  /** Continues with an image and mask of another size; undo returns to the present ones. */
  resize(picture: Picture, mask: Mask): void;
  /** Calls back when another document is shown, by `resize`, undo or redo, but not by `open`. @returns a function that stops it */
  onResize(listener: (document: EditorDocument) => void): () => void;
  /** Puts another version of the same size under the mask, and closes the previous one. It does not add a step. */
  setPicture(picture: Picture): void;
  setTool(tool: ToolId): void;
  setBrushSize(imagePixels: number): void;
  setOptions(options: EditorOptions): void;
  setDraft(draft: Draft | null): void;
  setKeyCursor(imagePoint: Point | null): void;
  setAdjusting(adjusting: EditorState['adjusting']): void;
  /** Takes ownership of the bitmap, and closes it later. */
  showPreview(preview: Preview | null): void;
  /**
   * Sets how to put the version shown over the canvas on the canvas itself, before colours are picked there.
   * @param bring null while no version is shown over it
   */
  setBeforePick(bring: (() => Promise<unknown>) | null): void;
  /** Sets what finds things for the tool that selects them. */
  setObjectSource(source: ObjectSource): void;
  /** Calls back with each area of the mask that changes, in image pixels. @returns a function that stops it */
  onMaskChange(listener: (area: Rect) => void): () => void;
  /** Calls back with what could not be done, as a sentence. @returns a function that stops it */
  onProblem(listener: (problem: string) => void): () => void;
}

/** How many earlier documents undo can return to: each holds a whole image. */
const MAX_EARLIER = 4;

function checkMask(picture: Size, mask: Size): void {
  if (mask.width === picture.width && mask.height === picture.height) return;
  throw new RangeError(
    `the mask is ${mask.width} × ${mask.height}, its image ${picture.width} × ${picture.height}`,
  );
}

/** Closes documents that are too far back for undo to return to. */
function forgetOldest(present: EditorDocument): void {
  let oldest: EditorDocument | null = present;
  for (let kept = 0; oldest && kept < MAX_EARLIER; kept++) oldest = oldest.before;
  if (!oldest) return;
  closePictures(oldest.before, 'before');
  oldest.before = null;
}

/** @param work where operations on the whole mask are computed */
export function createEditor(work: MaskWork = directWork): Editor {
  let document: EditorDocument | null = null;
  /** The document that was closed last, while none is open. */
  let putAway: EditorDocument | null = null;
  let preview: Preview | null = null;
  const maskListeners = new Set<(area: Rect) => void>();
  const problemListeners = new Set<(problem: string) => void>();
  const store = createStore<EditorState>(() => initialState);
  const { setState: set, getState: get } = store;
  const announce = (area: Rect) => {
    for (const listener of maskListeners) listener(area);
  };
  const report = (problem: string) => {
    for (const listener of problemListeners) listener(problem);
  };
  const resizeListeners = new Set<(document: EditorDocument) => void>();
  /** Shows a document that undo, redo or a new canvas size leads to. */
  const showDocument = (next: EditorDocument) => {
    gesture.cancel();
    document = next;
    putAway = null;
    const { width, height } = next.picture;
    // Before the state says how much of it is painted.
    announce(rectOfSize(next.picture));
    set({
      picture: { name: next.name, width, height },
      draft: null,
      keyCursor: null,
      working: null,
      maskBounds: next.history.paintBounds,
      frame: next.frame,
      canUndo: next.history.canUndo || next.before !== null,
      canRedo: next.history.canRedo || next.after !== null,
      maskRevision: get().maskRevision + 1,
      pictureRevision: get().pictureRevision + 1,
    });
    view.fit();
    for (const listener of resizeListeners) listener(next);
  };
  const moveToLinkedDocument = (direction: 'undo' | 'redo') => {
    const next = direction === 'undo' ? (document ?? { before: putAway }).before : document?.after;
    if (next) showDocument(next);
    return Boolean(next);
  };
  let beforePick: (() => Promise<unknown>) | null = null;
  const mask = createMaskActions({
    ...{ store, work, moveToLinkedDocument, announce, report },
    document: () => document,
    beforePick: () => beforePick?.(),
  });
  const { moveFrame, endFrame } = createFrameActions({
    store,
    record: mask.record,
    document: () => document,
  });
  const view = createViewActions(store);
  const setOptions = (options: EditorOptions) => {
    const checked = Object.entries(options).map(([field, value]) => {
      const row = field === edgeRadius.field ? edgeRadius : numberOptions.get(field);
      return [field, row && typeof value === 'number' ? inRange(row, value) : value];
    });
    set(Object.fromEntries(checked));
  };

  const setDraft = (draft: Draft | null) => set({ draft });
  let objectSource: ObjectSource | null = null;
  const objects = createObjectActions({
    ...{ store, report, selectPart: mask.selectPart },
    document: () => document,
    source: () => objectSource,
  });
  const gesture = new Gesture({ ...mask, store, setDraft, objects });

  return {
    ...mask,
    ...view,
    moveFrame,
    endFrame,
    store,
    gesture,
    get document() {
      return document;
    },
    get preview() {
      return preview;
    },
    open(picture, name, { mask: given, frame = null, worked = false } = {}) {
      const opened = given ?? createMask(picture);
      checkMask(picture, opened);
      mask.endStroke();
      endFrame();
      gesture.cancel();
      const left = document ?? putAway;
      closePictures(left?.after, 'after');
      // Undo skips an image to which nothing was done.
      const isWorthIt = !left?.opened || left.worked || left.history.canUndo;
      if (!isWorthIt) left.picture.close();
      const before = isWorthIt ? left : left.before;
      before?.history.dropRedo();
      const history = new MaskHistory(opened, { flat: given ? undefined : 0 });
      const next = {
        ...{ name, opened: true, worked, picture, mask: opened, frame, history, before },
        after: null,
      };
      if (before) before.after = next;
      forgetOldest(next);
      document = next;
      putAway = null;
      const { width, height } = picture;
      announce(rectOfSize(picture));
      set({
        picture: { name, width, height },
        draft: null,
        keyCursor: null,
        working: null,
        maskBounds: history.paintBounds,
        frame,
        canUndo: before !== null,
        canRedo: false,
        maskRevision: get().maskRevision + 1,
        pictureRevision: get().pictureRevision + 1,
      });
      setOptions({ brushSize: Math.min(width, height) / 12 });
      const { look } = get();
      const color = look.isAutomatic ? overlayColourOf(picture) : undefined;
      if (color !== undefined) setOptions({ look: { ...look, color } });
      view.fit();
    },
    close() {
      if (!document) return;
      mask.endStroke();
      endFrame();
      gesture.cancel();
      closePictures(document.after, 'after');
      document.after = null;
      document.history.dropRedo();
      putAway = document;
      document = null;
      const { picture, draft, keyCursor, working, maskBounds, frame } = initialState;
      set({
        ...{ picture, draft, keyCursor, working, maskBounds, frame },
        canUndo: true,
        canRedo: false,
        maskRevision: get().maskRevision + 1,
        pictureRevision: get().pictureRevision + 1,
      });
    },
    setOpening(opening) {
      if (opening !== null) {
        mask.endStroke();
        gesture.cancel();
      }
      set({ opening });
    },
    resize(picture, resized) {
      if (!document) throw new Error('no image is open');
      checkMask(picture, resized);
      mask.endStroke();
      endFrame();
      const before = document;
      before.history.dropRedo();
      closePictures(before.after, 'after');
      const history = new MaskHistory(resized);
      const { name } = before;
      before.after = {
        ...{ name, picture, history, before },
        opened: false,
        worked: false,
        mask: resized,
        frame: null,
        after: null,
      };
      forgetOldest(before.after);
      showDocument(before.after);
    },
    onResize(listener) {
      resizeListeners.add(listener);
      return () => resizeListeners.delete(listener);
    },
    setPicture(picture) {
      if (!document) throw new Error('no image is open');
      if (picture.width !== document.mask.width || picture.height !== document.mask.height) {
        throw new RangeError('a version has the size of its image');
      }
      if (document.picture !== picture) document.picture.close();
      document.picture = picture;
      set({ pictureRevision: get().pictureRevision + 1 });
    },
    setTool(tool) {
      if (tool === get().tool) return;
      gesture.cancel();
      objects.endHint();
      set({ tool, draft: null });
    },
    setBrushSize: (brushSize) => setOptions({ brushSize }),
    setOptions,
    setDraft,
    setKeyCursor(keyCursor) {
      set({ keyCursor });
    },
    setAdjusting(adjusting) {
      set({ adjusting });
    },
    showPreview(next) {
      if (preview && preview.bitmap !== next?.bitmap) preview.bitmap.close();
      preview = next;
      set({ previewRevision: get().previewRevision + 1 });
    },
    setObjectSource(source) {
      objectSource = source;
    },
    setBeforePick(bring) {
      beforePick = bring;
    },
    onMaskChange(listener) {
      maskListeners.add(listener);
      return () => maskListeners.delete(listener);
    },
    onProblem(listener) {
      problemListeners.add(listener);
      return () => problemListeners.delete(listener);
    },
  };
}
