/** The ellipse: masks what fits into a dragged box. */
import { Circle } from 'lucide-react';
import { finishShape, moveCorner, shapeOptions, startShape } from './dragging';
import type { Tool } from './tool';

export const ellipse = {
  id: 'ellipse',
  name: 'Ellipse',
  tip: 'Ellipse: drag from corner to corner',
  key: 'o',
  icon: Circle,
  cursorClick: false,
  press: (hand, event) => startShape(hand, event, 'ellipse'),
  move: moveCorner,
  release: finishShape,
  options: shapeOptions,
} as const satisfies Tool;
