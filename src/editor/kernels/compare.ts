/** The line between before and after: its position, and how far a key moves it. */
import { clamp, type Point, type Rect, type Size } from '../../image/geometry';

/** Shares of the image's width. */
const STEP = 0.01;
const LARGE_STEP = 0.1;
/** If this share of the grip's width fits beside the image, it is parked there, scaled down to fit. */
const ROOM = 0.75;

/**
 * The line's position at a pointer.
 * @param place the image in its pane, in view pixels
 * @returns the share of the image, from its left, that shows what was before: 0 … 1
 */
export function shareAt(place: Rect, viewX: number): number {
  return place.width > 0 ? clamp((viewX - place.x) / place.width, 0, 1) : 0;
}

/** The line stays at least this share of the image away from its left and right edge when it is put somewhere for the user. */
const LEAST_SHARE = 0.06;

/** @returns the share at which the line runs through the middle of a part of the image, both in image pixels */
export function shareThrough({ x, width }: Rect, imageWidth: number): number {
  return clamp((x + width / 2) / imageWidth, LEAST_SHARE, 1 - LEAST_SHARE);
}

/** @returns the line's position in view pixels, kept within the pane so that it can be grabbed */
export function lineAt(place: Rect, share: number, paneWidth: number, margin: number): number {
  return clamp(place.x + share * place.width, margin, Math.max(margin, paneWidth - margin));
}

/** Where the grip's middle is parked, in view pixels, and on which side of the image; `over` its edge if neither side has room. */
export interface Parking extends Point {
  side: 'left' | 'below' | 'over';
  /** Share of its full size. */
  scale: number;
}

/**
 * Where the grip waits while nothing of what was before is shown: all of it is visible, and it does not keep the brush off
 * the image.
 * @param place the image in its pane, in view pixels
 * @param grip its width and height
 */
export function parkedAt(place: Rect, pane: Size, grip: number): Parking {
  const middle = pane.height / 2;
  const left = Math.min(1, place.x / grip);
  if (left >= ROOM) return { x: place.x - (grip * left) / 2, y: middle, side: 'left', scale: left };
  const x = Math.max(place.x, 0) + grip / 2;
  const bottom = place.y + place.height;
  const below = Math.min(1, (pane.height - bottom) / grip);
  if (below >= ROOM) return { x, y: bottom + (grip * below) / 2, side: 'below', scale: below };
  return { x, y: middle, side: 'over', scale: 1 };
}

/** Keys of a slider, as in the ARIA authoring practices. @returns null for any other key */
export function shareByKey(share: number, key: string): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: -STEP,
    ArrowDown: -STEP,
    ArrowRight: STEP,
    ArrowUp: STEP,
    PageDown: -LARGE_STEP,
    PageUp: LARGE_STEP,
    Home: -1,
    End: 1,
  };
  const step = steps[key];
  return step === undefined ? null : clamp(Math.round((share + step) * 100) / 100, 0, 1);
}
