/** The editor's small, plain data, which panels show. */
import { MAX_EDGE_RADIUS } from '../image/edges';
import type { Point, Rect, Size } from '../image/geometry';
import type { Adjusting } from './document/adjusting';
import { overlayColours } from './kernels/overlayColour';
import type { View } from './kernels/view';
import type { Draft } from './tools/draft';
import { type ToolId, tools } from './tools/index';
import type { ObjectMark } from './tools/objectHand';
import type { NumberOption } from './tools/tool';
import { type ToolSettings, toolDefaults } from './tools/toolSettings';

/** How the mask is shown; this does not change the mask. */
export interface MaskLook {
  /** `#rrggbb` */
  color: string;
  /** Whether the colour is chosen to suit the image; false once the user has chosen one. */
  isAutomatic: boolean;
  /** 0 … 1 */
  opacity: number;
  /** `overlay`: over the image; `maskOnly`: white on black, as in its file. */
  show: 'overlay' | 'maskOnly';
}

/** By how many image pixels the mask grows, shrinks and feathers. */
export const edgeRadius = {
  kind: 'number',
  field: 'edgeRadius',
  name: 'Pixels to grow, shrink or feather by',
  label: 'By',
  default: 8,
  min: 1,
  max: MAX_EDGE_RADIUS,
  step: 1,
  unit: 'px',
} as const satisfies NumberOption;

export interface EditorState extends ToolSettings {
  picture: (Size & { name: string }) | null;
  tool: ToolId;
  /** By how many image pixels the mask grows, shrinks and feathers. */
  edgeRadius: number;
  look: MaskLook;
  draft: Draft | null;
  /** What a press would select, as an SVG path in image pixels; empty if that is not known. */
  objectHint: string;
  /** Presses that wait for their answer, in image pixels. */
  objectMarks: readonly ObjectMark[];
  /** The cursor that keys move over the canvas, in image pixels; null while keys are not used there. */
  keyCursor: Point | null;
  /** Whether a drag moves the image instead of using the tool: the space bar is held. */
  panning: boolean;
  /** Whether what is painted or selected next replaces the mask, whose work is done; erasing goes on from it. */
  startsAnew: boolean;
  /** What is being computed, as a title; meanwhile the mask does not change. */
  working: string | null;
  /** The name of the image that is being opened; meanwhile the one on the canvas takes no strokes. */
  opening: string | null;
  /** In CSS pixels of the pane. */
  view: View;
  viewSize: Size;
  /** Whether the view follows the pane's size, until the user zooms or pans. */
  fitted: boolean;
  /** The bounds of the mask; width 0 if nothing is painted. */
  maskBounds: Rect;
  /** The frame that the user chose, in image pixels; null while it follows from the mask. */
  frame: Rect | null;
  /** What the handles on the stage move. */
  adjusting: Adjusting;
  canUndo: boolean;
  canRedo: boolean;
  /** Each grows with every change of what it counts, so that views know when to draw again. */
  pictureRevision: number;
  maskRevision: number;
  previewRevision: number;
}

export const initialState: EditorState = {
  picture: null,
  tool: tools[0].id,
  ...toolDefaults,
  edgeRadius: edgeRadius.default,
  look: { color: overlayColours[0].color, isAutomatic: true, opacity: 0.5, show: 'overlay' },
  draft: null,
  objectHint: '',
  objectMarks: [],
  keyCursor: null,
  panning: false,
  startsAnew: false,
  working: null,
  opening: null,
  view: { scale: 1, x: 0, y: 0 },
  viewSize: { width: 0, height: 0 },
  fitted: true,
  maskBounds: { x: 0, y: 0, width: 0, height: 0 },
  frame: null,
  adjusting: null,
  canUndo: false,
  canRedo: false,
  pictureRevision: 0,
  maskRevision: 0,
  previewRevision: 0,
};
