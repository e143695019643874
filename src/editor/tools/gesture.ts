/** Presses, moves and releases of a pointer or of the keyboard's cursor, passed on to the current tool. */
import type { StoreApi } from 'zustand/vanilla';
import type { Point } from '../../image/geometry';
import type { MaskActions } from '../document/maskActionTypes';
import type { EditorState } from '../state';
import { type Draft, shapeOf } from './draft';
import type { ObjectHand } from './objectHand';
import type { GestureInput, Hand, Tool, ValueOf, ValueOption } from './tool';
import { type ToolSettings, toolOf } from './toolSettings';

/** What gestures act on. */
export interface GestureHost
  extends Pick<MaskActions, 'stroke' | 'endStroke' | 'abandonStroke' | 'strokeEnd' | 'fillShape' | 'select'> {
  readonly store: StoreApi<EditorState>;
  setDraft(draft: Draft | null): void;
  readonly objects: ObjectHand;
}

/** The gesture of one pointer, from its press to its release. Points in image pixels. */
export class Gesture {
  readonly hand: Hand;
  readonly #editor: GestureHost;
  #pressed: { point: Point; tool: Tool } | null = null;

  constructor(editor: GestureHost) {
    this.#editor = editor;
    this.hand = createHand(editor, () => this.finish());
  }

  get isPressed(): boolean {
    return this.#pressed !== null;
  }

  press(point: Point, input: GestureInput = {}): void {
    const { tool: id, working, opening, picture } = this.#editor.store.getState();
    if (!picture || working !== null || opening !== null) return;
    const tool = toolOf(id);
    this.#pressed = { point, tool };
    tool.press?.(this.hand, { ...input, point, pressedAt: point });
  }

  move(point: Point, input: GestureInput = {}): void {
    const pressed = this.#pressed;
    if (pressed) pressed.tool.move?.(this.hand, { ...input, point, pressedAt: pressed.point });
    else {
      const { tool } = this.#editor.store.getState();
      toolOf(tool).hover?.(this.hand, { ...input, point, pressedAt: point });
    }
  }

  release(point: Point, input: GestureInput = {}): void {
    const pressed = this.#pressed;
    this.#pressed = null;
    pressed?.tool.release?.(this.hand, { ...input, point, pressedAt: pressed.point });
  }

  /** Takes back what was begun: a second finger came down, or Escape was pressed. */
  cancel(): void {
    const { draft } = this.#editor.store.getState();
    if (this.#pressed) this.#editor.abandonStroke();
    // A polygon takes several presses: a pinch between them does not end it.
    if (!draft?.isByCorners) this.#editor.setDraft(null);
    else if (this.#pressed && draft.points.length === 0) this.#editor.setDraft(null);
    this.#pressed = null;
  }

  /** Closes the shape being drawn, and fills it. */
  finish(): void {
    const { draft } = this.#editor.store.getState();
    if (!draft) return;
    this.#editor.setDraft(null);
    const shape = shapeOf(draft);
    if (shape) this.#editor.fillShape(shape, draft.mode);
  }
}

function createHand(editor: GestureHost, finishDraft: () => void): Hand {
  const { getState } = editor.store;
  return {
    get scale() {
      return getState().view.scale;
    },
    get draft() {
      return getState().draft;
    },
    setDraft: editor.setDraft,
    finishDraft,
    valueOf<Row extends ValueOption>({ field }: Row) {
      return getState()[field as keyof ToolSettings] as ValueOf<Row>;
    },
    modeFor({ shift, alt }) {
      if (alt) return 'subtract';
      return shift ? 'add' : getState().mode;
    },
    stroke: (point, { pressure, erase } = {}) =>
      editor.stroke(point, {
        ...(pressure !== undefined && { pressure }),
        ...(erase !== undefined && { erase }),
      }),
    endStroke: editor.endStroke,
    strokeEnd: editor.strokeEnd,
    isInsideImage({ x, y }) {
      const { picture } = getState();
      return picture !== null && x >= 0 && y >= 0 && x < picture.width && y < picture.height;
    },
    select: (operation, request, mode) => void editor.select(operation, request, mode),
    objects: editor.objects,
  };
}
