/** The eraser: a brush that removes the mask. */
import { Eraser } from 'lucide-react';
import { continueStroke, endStroke, startStroke, strokeOptions } from './dragging';
import type { Tool } from './tool';

export const eraser = {
  id: 'eraser',
  name: 'Eraser',
  tip: 'Eraser: remove parts of the mask',
  key: 'e',
  icon: Eraser,
  hasRing: true,
  opposite: 'brush',
  cursorClick: false,
  press: (hand, event) => startStroke(hand, event, true),
  move: continueStroke,
  release: endStroke,
  options: strokeOptions,
} as const satisfies Tool;
