/** What makes a tool: one object in one file, from which the page, the keys and the mask worker follow. */
import type { LucideIcon } from 'lucide-react';
import type { Point, Rect } from '../../image/geometry';
import type { Mode } from '../../image/mask/mask';
import type { Mask, Pixels } from '../../image/raster';
import type { Draft } from './draft';
import type { ObjectHand } from './objectHand';

export interface Tool {
  /** Also the id of the command that takes up the tool. */
  readonly id: string;
  /** The accessible name of its button. */
  readonly name: string;
  /** How to use it, for the tooltip. */
  readonly tip: string;
  /** The key that takes it up, as `combinationOf` writes it. */
  readonly key: string;
  readonly icon: LucideIcon;
  /** Whether the pointer shows a ring of the brush's size. */
  readonly hasRing?: boolean;
  /** Whether the assistant answers it, so that its model is needed while the tool is in hand. */
  readonly asksAssistant?: boolean;
  /** The tool that the swap key takes up instead; without one it swaps adding and subtracting. */
  readonly opposite?: string;
  /** On the canvas by keys: whether one Enter both presses and releases. */
  readonly cursorClick: boolean;
  press?(hand: Hand, event: ToolEvent): void;
  /** While pressed. */
  move?(hand: Hand, event: ToolEvent): void;
  /** Between presses. */
  hover?(hand: Hand, event: ToolEvent): void;
  release?(hand: Hand, event: ToolEvent): void;
  /** What it computes from the whole image; the mask worker runs those that `index.ts` lists. */
  readonly operation?: Operation<never>;
  /** The rows of its options, from left to right. */
  readonly options: readonly ToolOption[];
}

export interface GestureInput {
  /** Of a pen, 0 … 1. */
  pressure?: number;
  shift?: boolean;
  alt?: boolean;
  /** Ctrl or ⌘. */
  control?: boolean;
  /** The eraser end of a pen. */
  erase?: boolean;
}

/** One moment of a gesture; points in image pixels. */
export interface ToolEvent extends GestureInput {
  point: Point;
  /** Where the gesture began. */
  pressedAt: Point;
}

/** A selection computed from the whole image. */
export interface Operation<Request> {
  readonly id: string;
  /** @returns the selected pixels as 255; `bounds` around them */
  run(pixels: Pixels, request: Request): { mask: Mask; bounds: Rect };
}

/** What a tool can do to the mask, and what it needs to know. */
export interface Hand {
  /** View pixels per image pixel. */
  readonly scale: number;
  readonly draft: Draft | null;
  setDraft(draft: Draft | null): void;
  /** Closes the shape being drawn, and fills it. */
  finishDraft(): void;
  valueOf<Row extends ValueOption>(row: Row): ValueOf<Row>;
  /** How a shape or selection joins the mask: by the option, unless Alt or Shift says otherwise. */
  modeFor(input: GestureInput): Mode;
  /** Starts a stroke (a dab) or continues it. @param input `erase` counts when it starts */
  stroke(point: Point, input?: { pressure?: number | undefined; erase?: boolean }): void;
  endStroke(): void;
  /** Where the last stroke ended; null before the first. */
  strokeEnd(): Point | null;
  isInsideImage(point: Point): boolean;
  /** Runs a selection in the mask worker and joins the result with the mask. */
  select<Request>(operation: Operation<Request>, request: Request, mode: Mode): void;
  /** Selects things, by a model. */
  readonly objects: ObjectHand;
}

/** Options are rows of data: the store's fields, their ranges and the controls follow from them. */
export type ToolOption = ValueOption | ButtonOption;

/** Rows that have a value in the editor's store. */
export type ValueOption = NumberOption | ToggleOption | ChoiceOption;

interface Labelled {
  /** The accessible name of the control. */
  readonly name: string;
  /** A word of it that the control shows. */
  readonly label: string;
}

export interface NumberOption extends Labelled {
  readonly kind: 'number';
  /** Its field in the editor's store. */
  readonly field: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** `%`: the value is a share, 0 … 1. */
  readonly unit: 'px' | '%' | '';
  /** Whether the slider runs over the logarithm: as fine for small values as for large ones. */
  readonly isLogarithmic?: boolean;
}

export interface ToggleOption extends Labelled {
  readonly kind: 'toggle';
  readonly field: string;
  readonly default: boolean;
  readonly icon: LucideIcon;
  /** Whether it has no place in a narrow window. */
  readonly isWideOnly?: boolean;
}

export interface ChoiceOption {
  readonly kind: 'choice';
  readonly field: string;
  /** The accessible name of the group. */
  readonly name: string;
  readonly default: string;
  readonly choices: readonly (Labelled & {
    readonly value: string;
    readonly icon: LucideIcon;
    /** What is held to choose it for one gesture. */
    readonly keys?: string;
  })[];
}

/** A button for fingers, which have no Enter and no Escape. */
export interface ButtonOption extends Labelled {
  readonly kind: 'button';
  readonly icon: LucideIcon;
  readonly keys: string;
  isEnabled(draft: Draft | null): boolean;
  press(hand: Hand): void;
}

/** The type of a row's value. */
export type ValueOf<Row> = Row extends { kind: 'number' }
  ? number
  : Row extends { kind: 'toggle' }
    ? boolean
    : Row extends { kind: 'choice'; choices: readonly { value: infer Value }[] }
      ? Value
      : never;
