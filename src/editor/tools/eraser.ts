/** The eraser: a brush that removes the mask. */
import { Eraser } from 'lucide-react';
import { strokeOptions, strokes } from './dragging';
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
  ...strokes(true),
  options: strokeOptions,
} as const satisfies Tool;
