/**
 * The assistant: a worker beside the engine's that answers with masks, such as the thing that was clicked. What the page asks,
 * what it gets back, and the messages in between, each checked before it is used.
 */
import { z } from 'zod';
import { readError } from './errors';
import { MAX_THING_CHARACTERS } from './selectors';

/** A place that belongs to the thing that is meant, or doesn't; in image pixels. */
const point = z.object({ x: z.number(), y: z.number(), include: z.boolean() });
export type AssistPoint = z.infer<typeof point>;

const area = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
/** Image pixels. */
export type AssistArea = z.infer<typeof area>;

/** More points than anybody sets for one thing; each makes the answer a little slower. */
export const MAX_POINTS = 64;
/** More presses of one place than anybody makes: after a few they come round again. */
export const MAX_AGAIN = 64;
/** Pixels by which selections grow unless somebody chooses otherwise: what is removed takes its rim along. */
export const DEFAULT_GROW = 3;
/** The most pixels that a selection can be asked to grow by. */
export const MAX_GROW = 64;

/** Which thing is meant. */
const prompt = z.object({
  points: z.array(point).max(MAX_POINTS),
  /** Around the thing. */
  box: area.optional(),
  /** The part of the image that is in sight: far in, just this part is looked at, in more detail. */
  view: area,
});
export type ObjectPrompt = z.infer<typeof prompt>;

const selection = prompt.extend({
  /** Whether this corrects the selection that was asked for last. */
  refines: z.boolean(),
  /** How often its one place was pressed again: each time another thing there is meant, from small to large and round again. */
  again: z.int().min(0).max(MAX_AGAIN).optional(),
  /** Pixels by which the mask grows beyond the thing's edge. */
  grow: z.int().min(0).max(MAX_GROW),
});
export type SelectionRequest = z.infer<typeof selection>;

const naming = z.object({
  /** What the thing is called: "the dog", "sky". */
  text: z.string().trim().min(1).max(MAX_THING_CHARACTERS),
  grow: z.int().min(0).max(MAX_GROW),
});
export type NamingRequest = z.infer<typeof naming>;

/** A part of a mask, whose upper left corner lies at (x, y) of the image; white (255) is selected. */
export interface MaskPart {
  x: number;
  y: number;
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}
const maskPart = z
  .object({
    ...{ x: z.int().min(0), y: z.int().min(0), width: z.int().min(1), height: z.int().min(1) },
    data: z.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array),
  })
  .refine(({ width, height, data }) => data.length === width * height);

const assistProgress = z.discriminatedUnion('stage', [
  /** A run is at work, which goes first. */
  z.object({ stage: z.literal('wait') }),
  z.object({ stage: z.literal('download'), loadedBytes: z.number(), totalBytes: z.number() }),
  /** Opening the model. */
  z.object({ stage: z.literal('open') }),
  /** Reading the image, once for each image or part of one. */
  z.object({ stage: z.literal('encode') }),
  /** Looking for what was named. */
  z.object({ stage: z.literal('find') }),
  /** From here on it is a matter of an instant. */
  z.object({ stage: z.literal('answer') }),
]);
export type AssistProgress = z.infer<typeof assistProgress>;

/** How one call is cancelled, and what it reports. */
export interface AssistCall {
  signal: AbortSignal;
  onProgress?(progress: AssistProgress): void;
}

/** The assistant as the page sees it. Images are known by their file: the same Blob is the same image. */
export interface Assistant {
  /** Whether its files are on this device, so that nothing is downloaded. */
  isKept(): Promise<boolean>;
  /** Downloads what is missing and reads the image, so that the first answer comes at once. */
  prepare(image: Blob, view: AssistArea, call: AssistCall): Promise<void>;
  /** @returns null if there is nothing there */
  select(image: Blob, request: SelectionRequest, call: AssistCall): Promise<MaskPart | null>;
  /**
   * Selects what has that name, wherever it is in the image. Its model is on this device by then ({@link NAME_SELECTOR}).
   * @returns null if nothing of that name is found
   */
  find(image: Blob, request: NamingRequest, call: AssistCall): Promise<MaskPart | null>;
  /** From now on this model of the Hub answers clicks, whose files are on this device by then; absent: the page's own. */
  use(selector: string | undefined): void;
  /** What a press would take, as an SVG path in image pixels; empty if it is nothing. Only asked if the answer comes fast. */
  outline(image: Blob, prompt: ObjectPrompt, call: AssistCall): Promise<string>;
  /** How long the last answer took to compute, in milliseconds; null before the first. */
  readonly answerMs: number | null;
  /** While a run is at work the assistant rests. What it was reading is read again afterwards. */
  hold(isHeld: boolean): void;
  /** Ends its worker, which frees its memory; the next call starts it again. */
  release(): void;
}

const id = z.int();
const request = z.discriminatedUnion('method', [
  z.object({ method: z.literal('prepare'), image: z.int(), view: area }),
  z.object({ method: z.literal('select'), image: z.int(), selection }),
  z.object({ method: z.literal('outline'), image: z.int(), prompt }),
  z.object({ method: z.literal('find'), image: z.int(), naming }),
]);
/** `image` is the number under which the image was sent. */
export type AssistRequest = z.infer<typeof request>;

/** The answer to each request. */
export interface AssistValues {
  prepare: null;
  select: MaskPart | null;
  outline: string;
  find: MaskPart | null;
}

const toAssistant = z.discriminatedUnion('type', [
  /** The first message. The model's files are stored relative to the page's own URL. */
  z.object({
    type: z.literal('init'),
    baseUrl: z.string(),
    /** A model of the Hub that answers clicks; absent: the one that the page brings along. */
    selector: z.string().optional(),
  }),
  /** From now on requests may name this image. The one sent before is forgotten. */
  z.object({ type: z.literal('image'), image: z.int(), file: z.instanceof(Blob) }),
  z.object({ type: z.literal('call'), id, request }),
  z.object({ type: z.literal('cancel'), id }),
]);
export type ToAssistant = z.infer<typeof toAssistant>;

const fromAssistant = z.discriminatedUnion('type', [
  z.object({ type: z.literal('alive'), lock: z.string() }),
  z.object({ type: z.literal('progress'), id, progress: assistProgress }),
  z.object({
    type: z.literal('result'),
    id,
    value: z.union([z.null(), z.string(), maskPart]),
    /** Of the answer alone, without what had to be read first. */
    answerMs: z.number().min(0),
  }),
  z.object({ type: z.literal('error'), id, error: z.unknown().optional().transform(readError) }),
]);
export type FromAssistant = z.infer<typeof fromAssistant>;

/** @returns undefined if the message can't be read */
export function readToAssistant(data: unknown): ToAssistant | undefined {
  return toAssistant.safeParse(data).data;
}

/** @returns undefined if the message can't be read */
export function readFromAssistant(data: unknown): FromAssistant | undefined {
  return fromAssistant.safeParse(data).data;
}
