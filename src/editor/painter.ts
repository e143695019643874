/**
 * Draws the editor's layers, at most once a frame: the picture when view or picture change, the overlay
 * (mask and forming picture) only where the mask changed.
 */
import { growRect, intersectRect, isEmptyRect, type Rect, roundOutRect, unionRect } from './kernels/geometry';
import { drawOverlay, type OverlayStyle } from './kernels/overlay';
import type { Pixels } from './kernels/raster';
import { rectToView, type View } from './kernels/view';
import type { Editor } from './store';

export interface Layers {
  picture: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
}

/** From here on single pixels are shown as squares. */
const CRISP_SCALE = 3;
const nowhere: Rect = { x: 0, y: 0, width: 0, height: 0 };

export class Painter {
  readonly #editor: Editor;
  readonly #picture: CanvasRenderingContext2D;
  readonly #overlay: CanvasRenderingContext2D;
  readonly #scratch: OffscreenCanvasRenderingContext2D;
  readonly #stops: (() => void)[];
  #color: OverlayStyle['color'] = [255, 138, 76];
  #request = 0;
  #pictureStale = true;
  #overlayStale = true;
  /** Where the mask changed since the last frame, in image pixels. */
  #dirty: Rect = nowhere;
  /** Around all that may be white, also in the middle of a stroke. */
  #painted: Rect = nowhere;

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
        if (now.maskBounds !== before.maskBounds) this.#painted = now.maskBounds;
        if (moved || now.pictureRevision !== before.pictureRevision) this.#pictureStale = true;
        if (moved || now.previewRevision !== before.previewRevision) this.#overlayStale = true;
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

  set color(color: OverlayStyle['color']) {
    this.#color = color;
    this.#overlayStale = true;
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

  #schedule(): void {
    if (this.#request !== 0) return;
    this.#request = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#request = 0;
    const { document } = this.#editor;
    if (!document) return;
    const pixelRatio = window.devicePixelRatio;
    const { view } = this.#editor.store.getState();
    const deviceView = { scale: view.scale * pixelRatio, x: view.x * pixelRatio, y: view.y * pixelRatio };
    if (this.#pictureStale) this.#drawPicture(document.picture.source, deviceView);
    if (this.#overlayStale) this.#drawOverlay(this.#painted, deviceView, true);
    else if (!isEmptyRect(this.#dirty)) this.#drawOverlay(this.#dirty, deviceView, false);
    this.#pictureStale = false;
    this.#overlayStale = false;
    this.#dirty = nowhere;
  }

  #drawPicture(source: CanvasImageSource | null, view: View): void {
    const layer = this.#picture;
    layer.clearRect(0, 0, layer.canvas.width, layer.canvas.height);
    const { picture } = this.#editor.store.getState();
    if (!source || !picture) return;
    layer.imageSmoothingEnabled = view.scale < CRISP_SCALE;
    layer.imageSmoothingQuality = 'high';
    layer.drawImage(source, view.x, view.y, picture.width * view.scale, picture.height * view.scale);
  }

  #drawOverlay(imageArea: Rect, view: View, everything: boolean): void {
    const layer = this.#overlay;
    const { canvas } = layer;
    if (everything) layer.clearRect(0, 0, canvas.width, canvas.height);
    const { document, preview } = this.#editor;
    if (!document || isEmptyRect(imageArea)) return;
    const pixelRatio = window.devicePixelRatio;
    // The outline reaches a little beyond what changed.
    const reach = Math.ceil(4 * pixelRatio);
    const region = intersectRect(growRect(roundOutRect(rectToView(view, imageArea)), reach), {
      x: 0,
      y: 0,
      width: canvas.width,
      height: canvas.height,
    });
    if (isEmptyRect(region)) return;
    const draw = (fill: OverlayStyle['fill']) =>
      drawOverlay(document.mask, view, region, { color: this.#color, fill, pixelRatio });
    if (!preview) {
      layer.putImageData(toImageData(draw('hatched')), region.x, region.y);
      return;
    }
    // The forming picture, clipped by the mask, and the mask's outline above it.
    const scratch = this.#scratch;
    scratch.canvas.width = region.width;
    scratch.canvas.height = region.height;
    scratch.putImageData(toImageData(draw('solid')), 0, 0);
    scratch.globalCompositeOperation = 'source-in';
    scratch.imageSmoothingQuality = 'high';
    const place = rectToView(view, preview.frame);
    scratch.drawImage(preview.bitmap, place.x - region.x, place.y - region.y, place.width, place.height);
    scratch.globalCompositeOperation = 'source-over';
    layer.clearRect(region.x, region.y, region.width, region.height);
    layer.drawImage(scratch.canvas, region.x, region.y);
    scratch.putImageData(toImageData(draw('outline')), 0, 0);
    layer.drawImage(scratch.canvas, region.x, region.y);
  }
}

function context(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const found = canvas.getContext('2d');
  if (!found) throw new Error('This browser offers no 2D canvas.');
  return found;
}

function toImageData({ data, width, height }: Pixels): ImageData {
  return new ImageData(data, width, height);
}
