/**
 * What a press, a move and a release mean for the tool in hand, whichever of mouse, pen, finger or keys they
 * come from. Points in image pixels.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { Point } from '../../image/geometry';
import type { Mode } from '../../image/mask/mask';
import type { MaskActions } from '../document/maskActions';
import { type Shape, spanRect, squareCorner } from '../kernels/shape';
import type { Draft, EditorState, Tool } from '../state';

/** What gestures act on. */
export interface GestureHost
  extends Pick<
    MaskActions,
    'stroke' | 'endStroke' | 'abandonStroke' | 'strokeEnd' | 'fillShape' | 'selectColor'
  > {
  readonly store: StoreApi<EditorState>;
  setDraft(draft: Draft | null): void;
}

export interface GestureInput {
  /** Of a pen, 0 … 1. */
  pressure?: number;
  shift?: boolean;
  alt?: boolean;
  control?: boolean;
  /** A pen's other end. */
  erase?: boolean;
}

/** So near to its first point a press closes a polygon, in view pixels. */
const CLOSE_DISTANCE = 10;

/** The gesture of one pointer, from its press to its release. */
export class Gesture {
  readonly #editor: GestureHost;
  #pressed: { point: Point; tool: Tool } | null = null;
  #erase = false;

  constructor(editor: GestureHost) {
    this.#editor = editor;
  }

  get isPressed(): boolean {
    return this.#pressed !== null;
  }

  press(point: Point, input: GestureInput = {}): void {
    const editor = this.#editor;
    const { tool, working, draft, picture } = editor.store.getState();
    if (!picture || working !== null) return;
    this.#pressed = { point, tool };
    if (tool === 'brush' || tool === 'eraser') {
      // Alt turns the brush into the eraser and the eraser into the brush.
      this.#erase = input.erase || (tool === 'eraser') !== Boolean(input.alt);
      const from = input.shift ? editor.strokeEnd() : null;
      if (from) editor.stroke(from, this.#stroke(input));
      editor.stroke(point, this.#stroke(input));
    } else if (tool === 'lasso' || tool === 'rectangle' || tool === 'ellipse') {
      editor.setDraft({ tool, mode: this.#mode(input), points: [point], hover: null });
    } else if (tool === 'polygon' && !draft) {
      editor.setDraft({ tool, mode: this.#mode(input), points: [], hover: point });
    }
  }

  move(point: Point, input: GestureInput = {}): void {
    const editor = this.#editor;
    const { draft } = editor.store.getState();
    const tool = this.#pressed?.tool;
    if (tool === 'brush' || tool === 'eraser') editor.stroke(point, this.#stroke(input));
    else if (draft?.tool === 'polygon') editor.setDraft({ ...draft, hover: point });
    else if (draft && this.#pressed) {
      const [first = point] = draft.points;
      const corner = input.control ? squareCorner(first, point) : point;
      const points = draft.tool === 'lasso' ? [...draft.points, point] : [first, corner];
      editor.setDraft({ ...draft, points });
    }
  }

  release(point: Point, input: GestureInput = {}): void {
    const editor = this.#editor;
    const pressed = this.#pressed;
    this.#pressed = null;
    if (!pressed) return;
    const { draft } = editor.store.getState();
    if (pressed.tool === 'brush' || pressed.tool === 'eraser') editor.endStroke();
    else if (pressed.tool === 'wand') {
      const { picture } = editor.store.getState();
      const { x, y } = pressed.point;
      const inside = picture && x >= 0 && y >= 0 && x < picture.width && y < picture.height;
      if (inside) void editor.selectColor(pressed.point, this.#mode(input));
    } else if (draft?.tool === 'polygon') this.#addCorner(draft, point);
    else if (draft) this.finish();
  }

  /** A second finger came, or Escape: what was begun is taken back. */
  cancel(): void {
    const { draft } = this.#editor.store.getState();
    if (this.#pressed) this.#editor.abandonStroke();
    // A polygon lasts over several presses: the pinch between them does not end it.
    if (draft?.tool !== 'polygon') this.#editor.setDraft(null);
    else if (this.#pressed && draft.points.length === 0) this.#editor.setDraft(null);
    this.#pressed = null;
  }

  /** Closes the shape in the making and fills it. */
  finish(): void {
    const { draft } = this.#editor.store.getState();
    if (!draft) return;
    this.#editor.setDraft(null);
    const shape = shapeOf(draft);
    if (shape) this.#editor.fillShape(shape, draft.mode);
  }

  #addCorner(draft: Draft, point: Point): void {
    const { scale } = this.#editor.store.getState().view;
    const near = (other: Point | undefined, distance: number) =>
      other !== undefined && Math.hypot(point.x - other.x, point.y - other.y) * scale <= distance;
    const { points } = draft;
    // On its first point, or twice on the last one: done.
    const closes = near(points[0], CLOSE_DISTANCE) || near(points.at(-1), 2);
    if (closes && points.length >= 3) this.finish();
    else if (!near(points.at(-1), 2)) {
      this.#editor.setDraft({ ...draft, points: [...points, point], hover: point });
    }
  }

  #stroke({ pressure }: GestureInput) {
    return { erase: this.#erase, ...(pressure !== undefined && { pressure }) };
  }

  #mode({ shift, alt }: GestureInput): Mode {
    if (alt) return 'subtract';
    return shift ? 'add' : this.#editor.store.getState().mode;
  }
}

function shapeOf({ tool, points }: Draft): Shape | null {
  const [from, to] = points;
  if (!from || !to) return null;
  if (tool === 'lasso' || tool === 'polygon') return points.length < 3 ? null : { kind: 'outline', points };
  return { kind: tool, from, to };
}

/** A draft as an SVG path in image pixels. */
export function draftPath({ tool, points, hover }: Draft): string {
  const [from, to] = points;
  if (tool === 'lasso' || tool === 'polygon') {
    const all = hover ? [...points, hover] : points;
    return all.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  }
  if (!from || !to) return '';
  const { x, y, width, height } = spanRect(from, to);
  if (tool === 'rectangle') return `M${x} ${y}h${width}v${height}h${-width}z`;
  const [rx, ry] = [width / 2, height / 2];
  return `M${x} ${y + ry}a${rx} ${ry} 0 1 0 ${width} 0a${rx} ${ry} 0 1 0 ${-width} 0z`;
}
