/**
 * The editor: a document (picture, mask, history) outside of any store, and beside it the small plain data
 * that panels show.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { MaskHistory } from './history';
import { clamp, type Point, type Rect, rectOfSize, type Size } from './kernels/geometry';
import { clearMask, invertMask, maskBounds } from './kernels/mask';
import { createMask, type Mask } from './kernels/raster';
import { paintSegment, segmentBounds } from './kernels/stroke';
import { clampScale, fitView, keepInSight, type View, zoomAbout } from './kernels/view';
import type { Surface } from './surface';

export type { Surface } from './surface';
export type Tool = 'brush' | 'eraser';

export const MIN_BRUSH = 2; // image pixels, diameter
export const MAX_BRUSH = 1000;
/** Around a fitted picture, in CSS pixels; less in small panes. */
export const fitMargin = (viewSize: Size) => Math.min(28, viewSize.width / 40);

export interface EditorState {
  picture: (Size & { name: string }) | null;
  tool: Tool;
  /** Diameter in image pixels. */
  brushSize: number;
  /** In CSS pixels of the pane. */
  view: View;
  viewSize: Size;
  /** Whether the view follows the pane's size, until a person zooms or pans. */
  fitted: boolean;
  /** The smallest rectangle around the mask; width 0 if nothing is painted. */
  maskBounds: Rect;
  canUndo: boolean;
  canRedo: boolean;
  /** Grows with every change of the picture, of the mask and of the preview, for those who draw them. */
  pictureRevision: number;
  maskRevision: number;
  previewRevision: number;
}

export interface EditorDocument {
  picture: Surface;
  mask: Mask;
  history: MaskHistory;
}

/** The forming picture, and where it lies. */
export interface Preview {
  bitmap: ImageBitmap;
  frame: Rect;
}

export interface Editor {
  readonly store: StoreApi<EditorState>;
  /** Large data; null until a picture is open. */
  readonly document: EditorDocument | null;
  readonly preview: Preview | null;
  /** Opens a picture with an empty mask (or the given one, of its size) and a history of its own. */
  open(picture: Surface, name: string, mask?: Mask): void;
  /** Puts another version of the same size under the mask. */
  setPicture(picture: Surface): void;
  setTool(tool: Tool): void;
  setBrushSize(imagePixels: number): void;
  /** Starts a stroke (a dab) or goes on with it; points in image pixels. */
  stroke(point: Point): void;
  endStroke(): void;
  /** Takes the stroke in hand back: a second finger came down. */
  abandonStroke(): void;
  undo(): void;
  redo(): void;
  clear(): void;
  invert(): void;
  resizeView(viewSize: Size): void;
  fit(): void;
  /** @param viewPoint what stays in place; the pane's middle if absent */
  zoomTo(scale: number, viewPoint?: Point): void;
  panBy(dx: number, dy: number): void;
  /** Takes over the bitmap and closes it in time. */
  showPreview(preview: Preview | null): void;
  /** Calls back with each part of the mask that changes, in image pixels. @returns how to stop */
  onMaskChange(listener: (area: Rect) => void): () => void;
}

const nowhere: Rect = { x: 0, y: 0, width: 0, height: 0 };

export function createEditor(): Editor {
  let document: EditorDocument | null = null;
  let preview: Preview | null = null;
  let lastPoint: Point | null = null;
  const maskListeners = new Set<(area: Rect) => void>();
  const store = createStore<EditorState>(() => ({
    picture: null,
    tool: 'brush',
    brushSize: 60,
    view: { scale: 1, x: 0, y: 0 },
    viewSize: { width: 0, height: 0 },
    fitted: true,
    maskBounds: nowhere,
    canUndo: false,
    canRedo: false,
    pictureRevision: 0,
    maskRevision: 0,
    previewRevision: 0,
  }));
  const { setState: set, getState: get } = store;

  const announce = (area: Rect) => {
    for (const listener of maskListeners) listener(area);
  };
  /** After a step: what the panels show of mask and history. */
  const settle = () => {
    if (!document) return;
    set({
      maskBounds: maskBounds(document.mask),
      canUndo: document.history.canUndo,
      canRedo: document.history.canRedo,
      maskRevision: get().maskRevision + 1,
    });
  };
  const change = (operation: (mask: Mask) => void) => {
    if (!document) return;
    endStroke();
    const everything = rectOfSize(document.mask);
    document.history.touch(everything);
    operation(document.mask);
    document.history.commit();
    announce(everything);
    settle();
  };
  const fitted = () => {
    const { picture, viewSize } = get();
    return picture && viewSize.width > 0 ? fitView(picture, viewSize, fitMargin(viewSize)) : get().view;
  };
  const endStroke = () => {
    if (!document || !lastPoint) return;
    lastPoint = null;
    document.history.commit();
    settle();
  };
  const travel = (direction: 'undo' | 'redo') => {
    endStroke();
    const area = document?.history[direction]();
    if (!area) return;
    announce(area);
    settle();
  };

  return {
    store,
    get document() {
      return document;
    },
    get preview() {
      return preview;
    },
    open(picture, name, mask = createMask(picture)) {
      if (mask.width !== picture.width || mask.height !== picture.height) {
        throw new RangeError(
          `the mask is ${mask.width} × ${mask.height}, its picture ${picture.width} × ${picture.height}`,
        );
      }
      lastPoint = null;
      document = { picture, mask, history: new MaskHistory(mask) };
      const { width, height } = picture;
      set({
        picture: { name, width, height },
        brushSize: clamp(Math.round(Math.min(width, height) / 12), MIN_BRUSH, MAX_BRUSH),
        fitted: true,
        pictureRevision: get().pictureRevision + 1,
      });
      set({ view: fitted() });
      announce(rectOfSize(picture));
      settle();
    },
    setPicture(picture) {
      if (!document) throw new Error('no picture is open');
      if (picture.width !== document.mask.width || picture.height !== document.mask.height) {
        throw new RangeError('a version has the size of its picture');
      }
      document.picture = picture;
      set({ pictureRevision: get().pictureRevision + 1 });
    },
    setTool(tool) {
      set({ tool });
    },
    setBrushSize(imagePixels) {
      set({ brushSize: clamp(Math.round(imagePixels), MIN_BRUSH, MAX_BRUSH) });
    },
    stroke(point) {
      if (!document) return;
      const { tool, brushSize } = get();
      const segment = { from: lastPoint ?? point, to: point, radius: brushSize / 2 };
      document.history.touch(segmentBounds(segment, document.mask));
      announce(paintSegment(document.mask, segment, tool === 'brush' ? 255 : 0));
      lastPoint = point;
    },
    endStroke,
    abandonStroke() {
      if (!document || !lastPoint) return;
      lastPoint = null;
      const area = document.history.abandon();
      if (area) announce(area);
      settle();
    },
    undo: () => travel('undo'),
    redo: () => travel('redo'),
    clear: () => change(clearMask),
    invert: () => change(invertMask),
    resizeView(viewSize) {
      const { fitted: follows, view, viewSize: old } = get();
      set({ viewSize });
      if (follows) set({ view: fitted() });
      else {
        const dx = (viewSize.width - old.width) / 2;
        const dy = (viewSize.height - old.height) / 2;
        set({ view: { ...view, x: view.x + dx, y: view.y + dy } });
      }
    },
    fit() {
      set({ fitted: true });
      set({ view: fitted() });
    },
    zoomTo(scale, viewPoint) {
      const { picture, view, viewSize } = get();
      if (!picture) return;
      const about = viewPoint ?? { x: viewSize.width / 2, y: viewSize.height / 2 };
      const zoomed = zoomAbout(view, about, clampScale(scale, picture, viewSize));
      set({ fitted: false, view: keepInSight(zoomed, picture, viewSize) });
    },
    panBy(dx, dy) {
      const { picture, view, viewSize } = get();
      if (!picture) return;
      const panned = { scale: view.scale, x: view.x + dx, y: view.y + dy };
      set({ fitted: false, view: keepInSight(panned, picture, viewSize) });
    },
    showPreview(next) {
      if (preview && preview.bitmap !== next?.bitmap) preview.bitmap.close();
      preview = next;
      set({ previewRevision: get().previewRevision + 1 });
    },
    onMaskChange(listener) {
      maskListeners.add(listener);
      return () => maskListeners.delete(listener);
    },
  };
}
