/** The editor's small plain data, which panels show. */
import type { Point, Rect, Size } from '../image/geometry';
import type { Mode } from '../image/mask/mask';
import { overlayColours } from './kernels/overlayColour';
import type { View } from './kernels/view';

export type Tool = 'brush' | 'eraser' | 'lasso' | 'polygon' | 'rectangle' | 'ellipse' | 'wand';

export const MIN_BRUSH = 2; // image pixels, diameter
export const MAX_BRUSH = 1000;

/** How the mask is shown; it never changes what it is. */
export interface MaskLook {
  /** `#rrggbb` */
  color: string;
  /** Whether the colour follows the picture; false once a person has chosen one. */
  isAutomatic: boolean;
  /** 0 … 1 */
  opacity: number;
  /** `overlay`: over the picture; `alone`: white on black, as it leaves the editor. */
  show: 'overlay' | 'alone';
}

/** A shape in the making. */
export interface Draft {
  tool: 'lasso' | 'polygon' | 'rectangle' | 'ellipse';
  mode: Mode;
  /** Image points: the path so far; for rectangle and ellipse the two corners. */
  points: readonly Point[];
  /** Where the next point of a polygon would go. */
  hover: Point | null;
}

export interface EditorState {
  picture: (Size & { name: string }) | null;
  tool: Tool;
  /** Diameter in image pixels. */
  brushSize: number;
  /** Share of the brush's radius that is full, 0 … 1. */
  hardness: number;
  /** Whether a pen's pressure sets the brush's size. */
  penPressure: boolean;
  /** How shapes and the wand join the mask; Shift and Alt override it. */
  mode: Mode;
  /** Of the wand: the largest difference in any channel, 0 … 255. */
  tolerance: number;
  /** Of the wand: only what is connected. */
  contiguous: boolean;
  /** By how many image pixels the mask grows, shrinks and feathers. */
  edgeRadius: number;
  look: MaskLook;
  draft: Draft | null;
  /** Where the keys have put the cursor on the canvas, in image pixels; null while they have not. */
  keyCursor: Point | null;
  /** Whether a drag moves the picture instead of working the tool: the space bar is held. */
  panning: boolean;
  /** What is being computed; meanwhile the mask does not change. */
  working: string | null;
  /** In CSS pixels of the pane. */
  view: View;
  viewSize: Size;
  /** Whether the view follows the pane's size, until a person zooms or pans. */
  fitted: boolean;
  /** The smallest rectangle around the mask; width 0 if nothing is painted. */
  maskBounds: Rect;
  /** The frame that is sent, where a person has chosen one, in image pixels; null while it follows from the mask. */
  frame: Rect | null;
  canUndo: boolean;
  canRedo: boolean;
  /** Grows with every change of the picture, of the mask and of the preview, for those who draw them. */
  pictureRevision: number;
  maskRevision: number;
  previewRevision: number;
}

export const initialState: EditorState = {
  picture: null,
  tool: 'brush',
  brushSize: 60,
  hardness: 1,
  penPressure: true,
  mode: 'add',
  tolerance: 24,
  contiguous: true,
  edgeRadius: 8,
  look: { color: overlayColours[0].color, isAutomatic: true, opacity: 0.5, show: 'overlay' },
  draft: null,
  keyCursor: null,
  panning: false,
  working: null,
  view: { scale: 1, x: 0, y: 0 },
  viewSize: { width: 0, height: 0 },
  fitted: true,
  maskBounds: { x: 0, y: 0, width: 0, height: 0 },
  frame: null,
  canUndo: false,
  canRedo: false,
  pictureRevision: 0,
  maskRevision: 0,
  previewRevision: 0,
};
