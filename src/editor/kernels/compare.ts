/** The line between a picture before and after: where it lies, and how far a key moves it. */
import { clamp, type Rect } from './geometry';

/** Of the picture's width. */
const STEP = 0.01;
const LARGE_STEP = 0.1;

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
