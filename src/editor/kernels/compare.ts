/** The line between a picture before and after: where it lies, and how far a key moves it. */
import { clamp, type Point, type Rect, type Size } from '../../image/geometry';

/** Of the picture's width. */
const STEP = 0.01;
const LARGE_STEP = 0.1;
/** With so much of the grip's width beside the picture it is parked there, smaller by what is missing. */
const ROOM = 0.75;

/**
 * Where the line is put by a pointer.
 * @param place the picture in its pane, in view pixels
 * @returns how much of the picture, from its left, is shown as it was before: 0 … 1
 */
export function shareAt(place: Rect, viewX: number): number {
  return place.width > 0 ? clamp((viewX - place.x) / place.width, 0, 1) : 0;
}

/** @returns where the line stands, kept within the pane so that it can be taken hold of; view pixels */
export function lineAt(place: Rect, share: number, paneWidth: number, margin: number): number {
  return clamp(place.x + share * place.width, margin, Math.max(margin, paneWidth - margin));
}

/** Where the grip's middle is parked, in view pixels, and on which side of the picture; `over` its edge where neither has room. */
export interface Parking extends Point {
  side: 'left' | 'below' | 'over';
  /** Of its full size. */
  scale: number;
}

/**
 * Where the grip waits while nothing of what was before is shown: all of it is seen, and all of the picture is left to the
 * brush.
 * @param place the picture in its pane, in view pixels
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

/** What a key of a slider does, as the ARIA practices say. @returns null for any other key */
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
