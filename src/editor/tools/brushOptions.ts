/** Options of the tools that draw strokes: brush and eraser. */
import { PenTool } from 'lucide-react';
import type { ToolOption } from './tool';

/** Diameter in image pixels. */
export const brushSize = {
  kind: 'number',
  field: 'brushSize',
  name: 'Brush size',
  label: 'Size',
  default: 60,
  min: 2,
  max: 1000,
  step: 1,
  unit: 'px',
  isLogarithmic: true,
} as const satisfies ToolOption;

/** Share of the brush's radius that is full. */
export const hardness = {
  kind: 'number',
  field: 'hardness',
  name: 'Brush hardness',
  label: 'Hardness',
  default: 1,
  min: 0,
  max: 1,
  step: 0.01,
  unit: '%',
} as const satisfies ToolOption;

export const penPressure = {
  kind: 'toggle',
  field: 'penPressure',
  name: 'Pen pressure sets the size',
  label: 'Pen',
  icon: PenTool,
  default: true,
  isWideOnly: true,
} as const satisfies ToolOption;
