/** The rectangle: masks what is between two opposite corners. */
import { RectangleHorizontal } from 'lucide-react';
import { finishShape, moveCorner, shapeOptions, startShape } from './dragging';
import type { Tool } from './tool';

export const rectangle = {
  id: 'rectangle',
  name: 'Rectangle',
  tip: 'Rectangle: drag from corner to corner',
  key: 'r',
  icon: RectangleHorizontal,
  cursorClick: false,
  press: (hand, event) => startShape(hand, event, 'rectangle'),
  move: moveCorner,
  release: finishShape,
  options: shapeOptions,
} as const satisfies Tool;
