/**
 * The assistant's work, wherever it runs: opens a segmenter once, encodes images and parts of them when they are needed, and
 * answers prompts. One call at a time; the page's side keeps the queue.
 */
import type {
  AssistArea,
  AssistProgress,
  MaskPart,
  ObjectPrompt,
  SelectionRequest,
} from '../contract/assist';
import { cropMask, growMask } from '../image/edges';
import { growRect, intersectRect, isEmptyRect, type Rect, rectOfSize, type Size } from '../image/geometry';
import { maskBounds } from '../image/mask/mask';
import { createMask, type Mask, overWhite, type Pixels } from '../image/raster';
import { type AssistImage, cutMask } from './cutMask';
import { frameFor, serves } from './frame';
import { dropSpecks } from './islands';
import { outlineOf } from './outline';
import { encodedSize, promptIn } from './prepare';
import { scaleDown } from './scaleDown';
import type { Encoded, Logits, Segmenter, SegmenterPrompt } from './segmenter';

/** What the assistant gets from where it runs. */
export interface AssistPlatform {
  /** Opens the model; called once. */
  openSegmenter(report: Report): Promise<Segmenter>;
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
  dispose(): Promise<void>;
}

export function createAssistantCore({ openSegmenter }: AssistPlatform): AssistantCore {
  let opening: Promise<Segmenter> | undefined;
  /** Parts of images, the one that was used last at the end; an image that is gone takes its own along. */
  let parts: { image: AssistImage; part: Part }[] = [];
  /** The last answer, which a correction starts from. */
  let last: { part: Part; logits: Logits } | undefined;

  async function opened(report: Report): Promise<Segmenter> {
    opening ??= openSegmenter(report);
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  }

  async function partFor(image: AssistImage, view: AssistArea, report: Report): Promise<Part> {
    const segmenter = await opened(report);
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

  async function answer(image: AssistImage, prompt: ObjectPrompt, report: Report, hint: typeof last) {
    const part = await partFor(image, prompt.view, report);
    report({ stage: 'answer' });
    const segmenter = await opened(report);
    const inside = promptIn(part.frame, part.small, prompt);
    const earlier = hint?.part === part ? hint.logits : undefined;
    let logits = await segmenter.decode(part.encoded, inside, earlier);
    // Now and then the earlier answer leads the model away from what was pressed.
    if (earlier && !heeds(logits, part.small, inside)) logits = await segmenter.decode(part.encoded, inside);
    return { part, logits, inside };
  }

  return {
    async prepare(image, view, report) {
      await partFor(image, view, report);
      return null;
    },
    async select(image, request, report) {
      const { part, logits, inside } = await answer(
        image,
        request,
        report,
        request.refines ? last : undefined,
      );
      // What corrections start from is the model's own answer, specks included.
      last = { part, logits: { ...logits, data: logits.data.slice() } };
      const cells = logits.across / part.small.width;
      dropSpecks(
        logits,
        inside.points.filter(({ include }) => include).map(({ x, y }) => ({ x: x * cells, y: y * cells })),
      );
      const { frame, small } = part;
      const cut = cutMask({ image, frame, small, logits });
      return cut && grown(cut.mask, cut.place, request.grow, image);
    },
    async outline(image, prompt, report) {
      const { part, logits } = await answer(image, prompt, report, undefined);
      dropSpecks(logits, []);
      return outlineOf(logits, part.frame);
    },
    async dispose() {
      await (await opening?.catch(() => undefined))?.dispose();
    },
  };
}

/** Whether each point is on the side that it says. @param size of the encoded image */
function heeds({ data, width, across, down }: Logits, size: Size, { points }: SegmenterPrompt): boolean {
  return points.every(({ x, y, include }) => {
    const [column, row] = [Math.floor((x * across) / size.width), Math.floor((y * down) / size.height)];
    return (data[row * width + column] ?? 0) > 0 === include;
  });
}

/** The mask a little larger, and without black around it. */
function grown(mask: Mask, place: Rect, by: number, image: AssistImage): MaskPart | null {
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
