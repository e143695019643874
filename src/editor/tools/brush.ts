/** The brush: paints the mask. */
import { Brush } from 'lucide-react';
import { continueStroke, endStroke, startStroke, strokeOptions } from './dragging';
import type { Tool } from './tool';

export const brush = {
  id: 'brush',
  name: 'Brush',
  tip: 'Brush: paint over what should change',
  key: 'b',
  icon: Brush,
  hasRing: true,
  opposite: 'eraser',
  cursorClick: false,
  press: (hand, event) => startStroke(hand, event, false),
  move: continueStroke,
  release: endStroke,
  options: strokeOptions,
} as const satisfies Tool;
