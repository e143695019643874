/**
 * Draws the editor's layers, at most once per animation frame: the image when it or the view changes, the overlay (mask
 * and preview) only where the mask changed.
 */
import {
  growRect,
  intersectRect,
  isEmptyRect,
  type Rect,
  rectOfSize,
  roundOutRect,
  unionRect,
} from '../../image/geometry';
import type { Mask } from '../../image/raster';
import { levelAt, type Picture } from '../document/picture';
import { drawOverlay, type OverlayFill, type OverlayStyle } from '../kernels/overlay';
import { rectToView, type View } from '../kernels/view';
import type { Editor } from '../store';

export interface Layers {
  picture: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
}

/** From this scale on, single pixels are shown as squares. */
const CRISP_SCALE = 3;
const nowhere: Rect = { x: 0, y: 0, width: 0, height: 0 };
/** Beyond this, dense screens get a coarser overlay: its cost is its number of pixels. */
const MAX_OVERLAY_PIXELS = 2_500_000;

/** @returns device pixels per CSS pixel of the overlay's layer in a pane of this size */
export function overlayRatio(paneWidth: number, paneHeight: number): number {
  const ratio = window.devicePixelRatio;
  return paneWidth * paneHeight * ratio * ratio > MAX_OVERLAY_PIXELS ? Math.min(ratio, 1) : ratio;
}

/** Paints both layers from the editor's store until it is disposed. */
export class Painter {
  readonly #editor: Editor;
  readonly #picture: CanvasRenderingContext2D;
  readonly #overlay: CanvasRenderingContext2D;
  readonly #scratch: OffscreenCanvasRenderingContext2D;
  readonly #stops: (() => void)[];
  #request = 0;
  #pictureStale = true;
  #overlayStale = true;
  /** Where the mask changed since the last drawing, in image pixels. */
  #dirty: Rect = nowhere;
  /** The bounds of everything that may be white, also during a stroke. */
  #painted: Rect = nowhere;
  #previewStale = false;
  /** The position of the last preview, in image pixels. */
  #previewFrame: Rect = nowhere;

  constructor(editor: Editor, layers: Layers) {
    this.#editor = editor;
    this.#picture = context(layers.picture);
    this.#overlay = context(layers.overlay);
    const scratch = new OffscreenCanvas(1, 1).getContext('2d');
    if (!scratch) throw new Error('no 2D canvas');
    this.#scratch = scratch;
    this.#painted = editor.store.getState().maskBounds;
    this.#stops = [
      editor.store.subscribe((now, before) => {
        const moved = now.view !== before.view || now.viewSize !== before.viewSize;
        if (now.maskRevision !== before.maskRevision) this.#painted = now.maskBounds;
        if (moved || now.pictureRevision !== before.pictureRevision) this.#pictureStale = true;
        if (moved || now.look !== before.look) this.#overlayStale = true;
        if (now.previewRevision !== before.previewRevision) this.#previewChanged();
        this.#schedule();
      }),
      editor.onMaskChange((area) => {
        this.#dirty = unionRect(this.#dirty, area);
        this.#painted = unionRect(this.#painted, area);
        this.#schedule();
      }),
    ];
    this.#schedule();
  }

  /** After the layers' sizes changed, which clears them. */
  refresh(): void {
    this.#pictureStale = true;
    this.#overlayStale = true;
    cancelAnimationFrame(this.#request);
    this.#draw();
  }

  dispose(): void {
    cancelAnimationFrame(this.#request);
    for (const stop of this.#stops) stop();
  }

  /** A preview arrives with each step: only its area is drawn again, or the mask where it was. */
  #previewChanged(): void {
    const frame = this.#editor.preview?.frame ?? nowhere;
    if (frame !== this.#previewFrame) this.#dirty = unionRect(this.#dirty, this.#previewFrame);
    this.#previewFrame = frame;
    this.#previewStale = true;
  }

  #schedule(): void {
    if (this.#request !== 0) return;
    this.#request = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#request = 0;
    const { document } = this.#editor;
    if (!document) {
      // The image was closed.
      for (const layer of [this.#picture, this.#overlay]) {
        layer.clearRect(0, 0, layer.canvas.width, layer.canvas.height);
      }
      this.#dirty = nowhere;
      return;
    }
    const { view, viewSize } = this.#editor.store.getState();
    const scaled = (ratio: number) => ({ scale: view.scale * ratio, x: view.x * ratio, y: view.y * ratio });
    if (this.#pictureStale) this.#drawPicture(document.picture, scaled(window.devicePixelRatio));
    const ratio = overlayRatio(viewSize.width, viewSize.height);
    if (this.#overlayStale) this.#drawOverlay(this.#painted, scaled(ratio), ratio, true);
    else {
      if (!isEmptyRect(this.#dirty)) this.#drawOverlay(this.#dirty, scaled(ratio), ratio, false);
      if (this.#previewStale) {
        this.#drawPreview(this.#regionOf(this.#painted, scaled(ratio), 0), scaled(ratio), ratio);
      }
    }
    this.#pictureStale = false;
    this.#overlayStale = false;
    this.#previewStale = false;
    this.#dirty = nowhere;
  }

  #drawPicture(picture: Picture, view: View): void {
    const layer = this.#picture;
    const { width, height } = layer.canvas;
    layer.clearRect(0, 0, width, height);
    const level = levelAt(picture.levels, view.scale);
    if (!level) return;
    // Only what the window shows, in whole pixels of the level: zoomed in, all of it would be too large to draw.
    const across = (picture.width / level.width) * view.scale;
    const down = (picture.height / level.height) * view.scale;
    const left = Math.max(0, Math.floor(-view.x / across));
    const top = Math.max(0, Math.floor(-view.y / down));
    const columns = Math.min(level.width, Math.ceil((width - view.x) / across)) - left;
    const rows = Math.min(level.height, Math.ceil((height - view.y) / down)) - top;
    if (columns <= 0 || rows <= 0) return;
    layer.imageSmoothingEnabled = view.scale < CRISP_SCALE;
    // The level is at most twice as fine as what is drawn. Any better quality would make the browser halve all of it,
    // which blocks the page for a tenth of a second at 8192 × 8192.
    layer.imageSmoothingQuality = 'low';
    layer.drawImage(
      level.source,
      ...([left, top, columns, rows] as const),
      ...([view.x + left * across, view.y + top * down, columns * across, rows * down] as const),
    );
  }

  #drawOverlay(imageArea: Rect, view: View, pixelRatio: number, everything: boolean): void {
    const layer = this.#overlay;
    const { canvas } = layer;
    if (everything) layer.clearRect(0, 0, canvas.width, canvas.height);
    const { document, store } = this.#editor;
    if (!document) return;
    const { look } = store.getState();
    const isMaskOnly = look.show === 'maskOnly';
    if (isMaskOnly && everything) {
      const place = rectToView(view, rectOfSize(document.mask));
      layer.fillStyle = '#000';
      layer.fillRect(place.x, place.y, place.width, place.height);
    }
    // The outline reaches a little beyond what changed.
    const region = this.#regionOf(imageArea, view, isMaskOnly ? 0 : Math.ceil(4 * pixelRatio));
    if (isEmptyRect(region)) return;
    const fill = isMaskOnly ? 'maskOnly' : 'hatched';
    layer.putImageData(this.#overlayPart(document.mask, view, region, pixelRatio, fill), region.x, region.y);
    this.#drawPreview(region, view, pixelRatio);
  }

  /** An area of the image on the overlay's layer, in device pixels. @param reach how far beyond the area */
  #regionOf(imageArea: Rect, view: View, reach: number): Rect {
    if (isEmptyRect(imageArea)) return nowhere;
    const { width, height } = this.#overlay.canvas;
    const place = growRect(roundOutRect(rectToView(view, imageArea)), reach);
    return intersectRect(place, rectOfSize({ width, height }));
  }

  /**
   * Draws the preview, clipped by the mask, with the mask's outline on top; nothing if there is no preview.
   * @param region in device pixels of the layer
   */
  #drawPreview(region: Rect, view: View, pixelRatio: number): void {
    const { document, preview, store } = this.#editor;
    if (!document || !preview || store.getState().look.show === 'maskOnly') return;
    const layer = this.#overlay;
    const place = rectToView(view, preview.frame);
    const area = intersectRect(roundOutRect(place), region);
    if (isEmptyRect(area)) return;
    const part = (fill: OverlayFill) => this.#overlayPart(document.mask, view, area, pixelRatio, fill);
    const scratch = this.#scratch;
    scratch.canvas.width = area.width;
    scratch.canvas.height = area.height;
    scratch.putImageData(part('solid'), 0, 0);
    scratch.globalCompositeOperation = 'source-in';
    scratch.imageSmoothingQuality = 'high';
    scratch.drawImage(preview.bitmap, place.x - area.x, place.y - area.y, place.width, place.height);
    scratch.globalCompositeOperation = 'source-over';
    layer.clearRect(area.x, area.y, area.width, area.height);
    layer.drawImage(scratch.canvas, area.x, area.y);
    scratch.putImageData(part('outline'), 0, 0);
    layer.drawImage(scratch.canvas, area.x, area.y);
  }

  /** @param region in device pixels of the layer */
  #overlayPart(mask: Mask, view: View, region: Rect, pixelRatio: number, fill: OverlayFill): ImageData {
    const { color, opacity } = this.#editor.store.getState().look;
    const { data, width, height } = drawOverlay(mask, view, region, {
      color: rgbOf(color),
      opacity,
      fill,
      pixelRatio,
    });
    return new ImageData(data, width, height);
  }
}

function context(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  // Wide colours where the screen can show them; elsewhere they would cost accuracy.
  const colorSpace = matchMedia('(color-gamut: p3)').matches ? 'display-p3' : 'srgb';
  const found = canvas.getContext('2d', { colorSpace });
  if (!found) throw new Error('This browser offers no 2D canvas.');
  return found;
}

/** @param color `#rrggbb` */
function rgbOf(color: string): OverlayStyle['color'] {
  const number = Number.parseInt(color.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}
