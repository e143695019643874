/** The magic wand: masks the pixels of a colour that is clicked. */
import { Link2, WandSparkles } from 'lucide-react';
import { selectByColor, type WandRequest } from '../kernels/wand';
import { mode } from './modeOption';
import type { Operation, Tool, ToolOption } from './tool';

export const colourSelection: Operation<WandRequest> = { id: 'colour', run: selectByColor };

/** The largest difference in any channel. */
const tolerance = {
  kind: 'number',
  field: 'tolerance',
  name: 'Wand tolerance',
  label: 'Tolerance',
  default: 24,
  min: 0,
  max: 255,
  step: 1,
  unit: '',
} as const satisfies ToolOption;

const contiguous = {
  kind: 'toggle',
  field: 'contiguous',
  name: 'Only what is connected',
  label: 'Connected',
  icon: Link2,
  default: true,
} as const satisfies ToolOption;

export const wand = {
  id: 'wand',
  name: 'Magic wand',
  tip: 'Magic wand: click a colour',
  key: 'w',
  icon: WandSparkles,
  cursorClick: true,
  release(hand, event) {
    const { pressedAt: at } = event;
    if (!hand.isInsideImage(at)) return;
    const request = { at, tolerance: hand.valueOf(tolerance), contiguous: hand.valueOf(contiguous) };
    hand.select(colourSelection, request, hand.modeFor(event));
  },
  operation: colourSelection,
  options: [mode, tolerance, contiguous],
} as const satisfies Tool;
