/** The polygon: masks what is inside corners that are clicked one after another. */
import { Check, Pentagon, X } from 'lucide-react';
import type { Point } from '../../image/geometry';
import { mode } from './modeOption';
import type { Hand, Tool, ToolEvent } from './tool';

/** A click this near to the first corner closes the polygon, in view pixels. */
const CLOSE_DISTANCE = 10;
/** Clicks no further apart than this are the same corner, in view pixels. */
const SAME_DISTANCE = 2;

export const polygon = {
  id: 'polygon',
  name: 'Polygon',
  tip: 'Polygon: click each corner',
  key: 'p',
  icon: Pentagon,
  cursorClick: true,
  press(hand, event) {
    if (hand.draft) return;
    const { point } = event;
    hand.setDraft({
      shape: 'outline',
      mode: hand.modeFor(event),
      points: [],
      hover: point,
      isByCorners: true,
    });
  },
  move: followPointer,
  hover: followPointer,
  release(hand, { point }) {
    const { draft, scale } = hand;
    if (!draft) return;
    const isNear = (other: Point | undefined, distance: number) =>
      other !== undefined && Math.hypot(point.x - other.x, point.y - other.y) * scale <= distance;
    const { points } = draft;
    // On its first corner, or twice on the last one: done.
    const closes = isNear(points[0], CLOSE_DISTANCE) || isNear(points.at(-1), SAME_DISTANCE);
    if (closes && points.length >= 3) hand.finishDraft();
    else if (!isNear(points.at(-1), SAME_DISTANCE)) {
      hand.setDraft({ ...draft, points: [...points, point], hover: point });
    }
  },
  options: [
    mode,
    {
      kind: 'button',
      name: 'Close the polygon',
      label: 'Close',
      icon: Check,
      keys: 'Enter',
      isEnabled: (draft) => (draft?.points.length ?? 0) >= 3,
      press: (hand) => hand.finishDraft(),
    },
    {
      kind: 'button',
      name: 'Discard the polygon',
      label: 'Discard',
      icon: X,
      keys: 'Escape',
      isEnabled: (draft) => (draft?.points.length ?? 0) > 0,
      press: (hand) => hand.setDraft(null),
    },
  ],
} as const satisfies Tool;

function followPointer({ draft, setDraft }: Hand, { point }: ToolEvent): void {
  if (draft) setDraft({ ...draft, hover: point });
}
