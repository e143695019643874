/** The brush: paints the mask. */
import { Brush } from 'lucide-react';
import { strokeOptions, strokes } from './dragging';
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
  ...strokes(false),
  options: strokeOptions,
} as const satisfies Tool;
