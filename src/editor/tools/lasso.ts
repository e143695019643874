/** The lasso: masks what is inside a line drawn by hand. */
import { Lasso } from 'lucide-react';
import { addPoint, finishShape, shapeOptions, startShape } from './dragging';
import type { Tool } from './tool';

export const lasso = {
  id: 'lasso',
  name: 'Lasso',
  tip: 'Lasso: draw around it',
  key: 'l',
  icon: Lasso,
  cursorClick: false,
  press: (hand, event) => startShape(hand, event, 'outline'),
  move: addPoint,
  release: finishShape,
  options: shapeOptions,
} as const satisfies Tool;
