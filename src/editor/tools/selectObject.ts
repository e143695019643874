/** Select object: masks the thing that is pressed, or the one in a box. */
import { CircleMinus, CirclePlus, ScanSearch } from 'lucide-react';
import { DEFAULT_GROW, MAX_GROW } from '../../contract/assist';
import { spanRect } from '../kernels/shape';
import { boxDraft } from './draft';
import { mode } from './modeOption';
import type { Hand, Tool, ToolEvent, ToolOption } from './tool';

/** A drag shorter than this is a press, in view pixels. */
const DRAG_DISTANCE = 6;

/** Alt overrides it for one press. */
const pressing = {
  kind: 'choice',
  field: 'pressing',
  name: 'What a press says',
  default: 'include',
  choices: [
    { value: 'include', name: 'Include what is pressed', label: 'Include', icon: CirclePlus },
    { value: 'exclude', name: 'Exclude what is pressed', label: 'Exclude', icon: CircleMinus, keys: 'Alt' },
  ],
} as const satisfies ToolOption;

/** A few pixels around the thing: what is removed takes its rim along. */
const objectGrow = {
  kind: 'number',
  field: 'objectGrow',
  name: 'Grow the selection by',
  label: 'Grow',
  default: DEFAULT_GROW,
  min: 0,
  max: MAX_GROW,
  step: 1,
  unit: 'px',
} as const satisfies ToolOption;

export const selectObject = {
  id: 'selectObject',
  name: 'Select object',
  tip: 'Select object: press a thing (again: more or less of it), or drag a box around it',
  key: 'q',
  icon: ScanSearch,
  asksAssistant: true,
  cursorClick: false,
  press: (hand) => hand.setDraft(null),
  move(hand, event) {
    if (!isDrag(hand, event)) return;
    hand.setDraft(boxDraft(event.pressedAt, event.point, hand.modeFor(event)));
  },
  hover: (hand, { point }) => hand.objects.hint(point),
  release(hand, event) {
    const { pressedAt, point, alt } = event;
    const isBox = hand.draft !== null;
    hand.setDraft(null);
    const excludes = Boolean(alt) !== (hand.valueOf(pressing) === 'exclude');
    const grow = hand.valueOf(objectGrow);
    const joins = excludes ? 'subtract' : hand.modeFor({ ...event, alt: false });
    if (isBox) void hand.objects.selectIn(spanRect(pressedAt, point), { mode: joins, grow });
    else if (!hand.isInsideImage(pressedAt)) return;
    else if (excludes) void hand.objects.exclude(pressedAt, { grow });
    else void hand.objects.selectAt(pressedAt, { mode: joins, grow });
  },
  options: [pressing, mode, objectGrow],
} as const satisfies Tool;

function isDrag(hand: Hand, { pressedAt, point }: ToolEvent): boolean {
  if (hand.draft) return true;
  return Math.hypot(point.x - pressedAt.x, point.y - pressedAt.y) * hand.scale >= DRAG_DISTANCE;
}
