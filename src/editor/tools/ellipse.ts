/** The ellipse: masks what fits into a dragged box. */
import { Circle } from 'lucide-react';
import { drawsShape, shapeOptions } from './dragging';
import type { Tool } from './tool';

export const ellipse = {
  id: 'ellipse',
  name: 'Ellipse',
  tip: 'Ellipse: drag from corner to corner',
  key: 'o',
  icon: Circle,
  cursorClick: false,
  ...drawsShape('ellipse'),
  options: shapeOptions,
} as const satisfies Tool;
