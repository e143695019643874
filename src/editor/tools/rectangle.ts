/** The rectangle: masks what is between two opposite corners. */
import { RectangleHorizontal } from 'lucide-react';
import { drawsShape, shapeOptions } from './dragging';
import type { Tool } from './tool';

export const rectangle = {
  id: 'rectangle',
  name: 'Rectangle',
  tip: 'Rectangle: drag from corner to corner',
  key: 'r',
  icon: RectangleHorizontal,
  cursorClick: false,
  ...drawsShape('rectangle'),
  options: shapeOptions,
} as const satisfies Tool;
