/**
 * The assistant's work, wherever it runs: opens a segmenter once, encodes images and parts of them when they are needed, and
 * answers prompts. One call at a time; the page's side keeps the queue.
 */
import type {
  AssistArea,
  AssistProgress,
  MaskPart,
  NamingRequest,
  ObjectPrompt,
  SelectionRequest,
} from '../contract/assist';
import { cropMask, growMask } from '../image/edges';
import {
  growRect,
  intersectRect,
  isEmptyRect,
  type Point,
  type Rect,
  rectOfSize,
  type Size,
  unionRect,
} from '../image/geometry';
import { maskBounds } from '../image/mask/mask';
import { createMask, overWhite, type Pixels } from '../image/raster';
import { correctedMask, meantMask } from './candidates';
import { type AssistImage, cutMask } from './cutMask';
import { frameFor, serves } from './frame';
import type { Namer } from './hub/clipSeg';
import { sharpened, thingsIn } from './hub/things';
import { dropSpecks } from './islands';
import { outlineOf } from './outline';
import { encodedSize, promptIn } from './prepare';
import { scaleDown } from './scaleDown';
import type { Encoded, Logits, Segmenter } from './segmenter';

/** What the assistant gets from where it runs. */
export interface AssistPlatform {
  /** Opens the model; called once. */
  openSegmenter(report: Report): Promise<Segmenter>;
  /** Opens what finds things by their names; called once, at the first name. */
  openNamer(report: Report): Promise<Namer>;
}

export type Report = (progress: AssistProgress) => void;

/** Encoded parts that are kept: each has 4 MB of embedding and as much of image. */
const MAX_PARTS = 4;

interface Part {
  frame: Rect;
  small: Pixels;
  encoded: Encoded;
}

export interface AssistantCore {
  prepare(image: AssistImage, view: AssistArea, report: Report): Promise<null>;
  select(image: AssistImage, request: SelectionRequest, report: Report): Promise<MaskPart | null>;
  outline(image: AssistImage, prompt: ObjectPrompt, report: Report): Promise<string>;
  find(image: AssistImage, request: NamingRequest, report: Report): Promise<MaskPart | null>;
  dispose(): Promise<void>;
}

export function createAssistantCore({ openSegmenter, openNamer }: AssistPlatform): AssistantCore {
  let opening: Promise<Segmenter> | undefined;
  let namer: Promise<Namer> | undefined;
  /** Parts of images, the one that was used last at the end; an image that is gone takes its own along. */
  let parts: { image: AssistImage; part: Part }[] = [];
  /** The last answer, which a correction starts from. */
  let last: { part: Part; logits: Logits } | undefined;

  async function openedSegmenter(report: Report): Promise<Segmenter> {
    opening ??= openSegmenter(report);
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  }

  async function partFor(image: AssistImage, view: AssistArea, report: Report): Promise<Part> {
    const segmenter = await openedSegmenter(report);
    const kept = parts.find(
      (entry) => entry.image === image && serves(entry.part.frame, image, view, segmenter.side),
    );
    if (kept) {
      parts = [...parts.filter((entry) => entry !== kept), kept];
      return kept.part;
    }
    report({ stage: 'encode' });
    const frame = frameFor(image, view, segmenter.side);
    const small = overWhite(scaleDown(image, frame, encodedSize(frame, segmenter.side)));
    const part = { frame, small, encoded: await segmenter.encode(small) };
    parts = [...parts.filter((entry) => entry.image === image), { image, part }].slice(-MAX_PARTS);
    return part;
  }

  async function answer(
    image: AssistImage,
    prompt: ObjectPrompt,
    report: Report,
    { hint, again = 0 }: { hint?: typeof last; again?: number | undefined } = {},
  ) {
    const part = await partFor(image, prompt.view, report);
    report({ stage: 'answer' });
    const segmenter = await openedSegmenter(report);
    const inside = promptIn(part.frame, part.small, prompt);
    const earlier = hint?.part === part ? hint.logits : undefined;
    const logits =
      (earlier &&
        correctedMask(await segmenter.decode(part.encoded, inside, earlier), inside, {
          earlier,
          encoded: part.small,
        })) ??
      meantMask(await segmenter.decode(part.encoded, inside), inside, again);
    return { part, logits, inside };
  }

  return {
    async prepare(image, view, report) {
      await partFor(image, view, report);
      return null;
    },
    async select(image, request, report) {
      const { again } = request;
      // The things at one place are the same however often it is pressed.
      const hint = request.refines && !again ? last : undefined;
      const { part, logits, inside } = await answer(image, request, report, { hint, again });
      // What corrections start from is the model's own answer, specks included.
      last = { part, logits: { ...logits, data: logits.data.slice() } };
      const pressed = inside.points.filter(({ include }) => include);
      dropSpecks(logits, cellsOf(pressed, part.small, logits));
      const { frame, small } = part;
      const cut = cutMask({ image, frame, small, logits });
      return cut && grown(cut, request.grow, image);
    },
    async outline(image, prompt, report) {
      const { part, logits } = await answer(image, prompt, report);
      dropSpecks(logits, []);
      return outlineOf(logits, part.frame);
    },
    async find(image, { text, grow }, report) {
      const part = await partFor(image, rectOfSize(image), report);
      namer ??= openNamer(report);
      const opened = await namer.catch((error: unknown) => {
        namer = undefined;
        throw error;
      });
      report({ stage: 'find' });
      const map = await opened.find(part.small, text);
      const segmenter = await openedSegmenter(report);
      const { frame, small, encoded } = part;
      const cuts: Cut[] = [];
      for (const thing of thingsIn(map)) {
        const logits = await sharpened(thing, map, small, async (prompt) =>
          meantMask(await segmenter.decode(encoded, prompt), prompt),
        );
        dropSpecks(logits, cellsOf(thing.peaks, map, logits));
        const cut = cutMask({ image, frame, small, logits });
        if (cut) cuts.push(cut);
      }
      return cuts.length === 0 ? null : grown(joined(cuts), grow, image);
    },
    async dispose() {
      await (await opening?.catch(() => undefined))?.dispose();
      await (await namer?.catch(() => undefined))?.dispose();
    },
  };
}

/** Places on what the logits are about, in its own units, as places on their grid. */
function cellsOf(places: readonly Point[], { width, height }: Size, { across, down }: Logits): Point[] {
  return places.map(({ x, y }) => ({ x: (x * across) / width, y: (y * down) / height }));
}

/** A mask and where it lies in the image. */
type Cut = NonNullable<ReturnType<typeof cutMask>>;

/** All that any of them covers. */
function joined(cuts: readonly Cut[]): Cut {
  const place = cuts.map((cut) => cut.place).reduce(unionRect);
  const mask = createMask(place);
  for (const cut of cuts) {
    for (let y = 0; y < cut.mask.height; y++) {
      const start = (cut.place.y - place.y + y) * mask.width + cut.place.x - place.x;
      for (let x = 0; x < cut.mask.width; x++) {
        const value = cut.mask.data[y * cut.mask.width + x] ?? 0;
        if (value > (mask.data[start + x] ?? 0)) mask.data[start + x] = value;
      }
    }
  }
  return { mask, place };
}

/** The mask a little larger, and without black around it. */
function grown({ mask, place }: Cut, by: number, image: AssistImage): MaskPart | null {
  const area = intersectRect(growRect(place, by), rectOfSize(image));
  const canvas = createMask(area);
  for (let y = 0; y < mask.height; y++) {
    const row = mask.data.subarray(y * mask.width, (y + 1) * mask.width);
    canvas.data.set(row, (place.y - area.y + y) * canvas.width + place.x - area.x);
  }
  const wider = growMask(canvas, by);
  const bounds = maskBounds(wider);
  if (isEmptyRect(bounds)) return null;
  const { width, height, data } = cropMask(wider, bounds);
  return { x: area.x + bounds.x, y: area.y + bounds.y, width, height, data };
}
