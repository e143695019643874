/** The view of an image in its pane: viewPoint = imagePoint × scale + (x, y). */
import { clamp, type Point, type Rect, type Size } from '../../image/geometry';

export interface View extends Point {
  /** View pixels per image pixel. */
  scale: number;
}

const MAX_SCALE = 32;

/** @returns CSS pixels of the pane */
export function toView(view: View, imagePoint: Point): Point {
  return { x: imagePoint.x * view.scale + view.x, y: imagePoint.y * view.scale + view.y };
}

/** @returns image pixels, with fractions */
export function toImage(view: View, viewPoint: Point): Point {
  return { x: (viewPoint.x - view.x) / view.scale, y: (viewPoint.y - view.y) / view.scale };
}

/** @returns CSS pixels of the pane */
export function rectToView(view: View, imageRect: Rect): Rect {
  return {
    ...toView(view, imageRect),
    width: imageRect.width * view.scale,
    height: imageRect.height * view.scale,
  };
}

/** The whole image in the middle of the pane; small images are enlarged at most four times. */
export function fitView(imageSize: Size, viewSize: Size, margin: number): View {
  const scale = Math.min(fitScale(imageSize, viewSize, margin), 4);
  return {
    scale,
    x: (viewSize.width - imageSize.width * scale) / 2,
    y: (viewSize.height - imageSize.height * scale) / 2,
  };
}

function fitScale(imageSize: Size, viewSize: Size, margin: number): number {
  const across = Math.max(16, viewSize.width - 2 * margin) / imageSize.width;
  const down = Math.max(16, viewSize.height - 2 * margin) / imageSize.height;
  return Math.min(across, down);
}

/** Zooms so that what is under `viewPoint` stays there. */
export function zoomAbout(view: View, viewPoint: Point, scale: number): View {
  const imagePoint = toImage(view, viewPoint);
  return { scale, x: viewPoint.x - imagePoint.x * scale, y: viewPoint.y - imagePoint.y * scale };
}

/** Moves the image so that a part of it stays in the pane and it cannot get lost. */
export function keepInSight(view: View, imageSize: Size, viewSize: Size): View {
  const width = imageSize.width * view.scale;
  const height = imageSize.height * view.scale;
  const keepX = Math.min(width, viewSize.width) / 3;
  const keepY = Math.min(height, viewSize.height) / 3;
  return {
    scale: view.scale,
    x: clamp(view.x, keepX - width, viewSize.width - keepX),
    y: clamp(view.y, keepY - height, viewSize.height - keepY),
  };
}

/** Limits a scale: from an eighth of the fitting scale (or 1:1 if that is smaller) up to single pixels. */
export function clampScale(scale: number, imageSize: Size, viewSize: Size): number {
  return clamp(scale, Math.min(1, fitScale(imageSize, viewSize, 0) / 8), MAX_SCALE);
}

/**
 * Side by side or one above the other, whichever shows two images of the same size larger. Side by side is easier to
 * compare, so it wins unless the images get much smaller.
 * @param margin around each image, in view pixels
 */
export function bestSplit(imageSize: Size, stageSize: Size, margin: number): 'columns' | 'rows' {
  const beside = fitScale(imageSize, { width: stageSize.width / 2, height: stageSize.height }, margin);
  const below = fitScale(imageSize, { width: stageSize.width, height: stageSize.height / 2 }, margin);
  return beside * 1.15 >= below ? 'columns' : 'rows';
}
