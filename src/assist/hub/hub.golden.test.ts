/**
 * transformers.js on onnxruntime-node with tiny models of each class, against PyTorch's masks for the same image and prompts
 * (tools/goldens/select_models.py). Tolerances: float32 1e-3 on logits up to 15, an encoder in halves 0.1.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { goldenPixels, goldenSelector, goldenValues } from '../../../test/support/selectorFiles';
import { CheckpointError } from '../../contract/errors';
import { NAME_SELECTOR } from '../../contract/selectors';
import type { Pixels } from '../../image/raster';
import { meantMask } from '../candidates';
import type { Encoded, Segmenter, SegmenterPrompt } from '../segmenter';
import { type Namer, openClipSeg } from './clipSeg';
import { openSamModel } from './samModel';

const SLIMSAM = 'Xenova/slimsam-77-uniform';
const SAM2 = 'onnx-community/sam2.1-hiera-tiny-ONNX';
const EDGETAM = 'onnx-community/EdgeTAM-ONNX';

const opened: { dispose(): Promise<void> }[] = [];
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

async function open(id: string): Promise<Segmenter<Encoded>> {
  const segmenter = (await openSamModel(await goldenSelector(id), undefined)) as Segmenter<Encoded>;
  opened.push(segmenter);
  return segmenter;
}

async function maskOf(sam: Segmenter<Encoded>, encoded: Encoded, prompt: SegmenterPrompt) {
  return meantMask(await sam.decode(encoded, prompt), prompt);
}

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? Number.NaN))),
    0,
  );
}

/** The mask that PyTorch's scores put first. */
function bestOf(name: string, masks = 'masks', scores = 'scores'): Float32Array {
  const all = goldenValues(`${name}.${masks}`);
  const each = [...goldenValues(`${name}.${scores}`)];
  const best = each.indexOf(Math.max(...each));
  return all.slice(best * (all.length / each.length), (best + 1) * (all.length / each.length));
}

describe('masks of a click', () => {
  it('by SAM, whose image is padded to a square', async () => {
    const sam = await open(SLIMSAM);
    expect(sam.side).toBe(64);
    const pixels = goldenPixels('scaled.padded');
    const points = [
      { x: 20, y: 22, include: true },
      { x: 48, y: 22, include: false },
    ];
    const { data, ...grid } = await maskOf(sam, await sam.encode(pixels), { points });
    expect(grid).toEqual({ width: 16, height: 16, across: 16, down: 43 / 4 });
    expect(farthest(data, bestOf('sam'))).toBeLessThan(1e-3);
  });

  it.each([
    // Its encoder computes in halves.
    ['sam2', SAM2, 0.1],
    ['edgetam', EDGETAM, 1e-3],
  ])('by %s, whose image is stretched to a square', async (name, id, tolerance) => {
    const sam = await open(id);
    // The same square, as if it were an image of that shape, and an image twice as wide of which only the prompt counts.
    const encoded = await sam.encode(goldenPixels('scaled.square'));
    const points = [
      { x: 20, y: 34, include: true },
      { x: 48, y: 32, include: false },
    ];
    const { data, ...grid } = await maskOf(sam, encoded, { points });
    expect(grid).toEqual({ width: 16, height: 16, across: 16, down: 16 });
    expect(farthest(data, bestOf(name))).toBeLessThan(tolerance);

    const box = { x: 8, y: 15, width: 25, height: 40 };
    const boxed = await maskOf(sam, encoded, { points: points.slice(0, 1), box });
    expect(farthest(boxed.data, bestOf(name, 'box_masks', 'box_scores'))).toBeLessThan(tolerance);
    const byBox = await maskOf(sam, encoded, { points: [], box });
    expect(farthest(byBox.data, boxed.data)).toBeGreaterThan(tolerance);

    const half = { width: 64, height: 32 };
    const wide = { ...encoded, size: half };
    const flattened = points.map((point) => ({ ...point, y: point.y / 2 }));
    expect(farthest((await maskOf(sam, wide, { points: flattened })).data, data)).toBe(0);
  });

  it('takes a box where the export has no input for one, by its middle and corners', async () => {
    const sam = await open(SLIMSAM);
    const encoded = await sam.encode(goldenPixels('scaled.padded'));
    const box = { x: 10, y: 10, width: 20, height: 24 };
    const byBox = await maskOf(sam, encoded, { points: [], box });
    const corners = [
      { x: 10, y: 10 },
      { x: 10, y: 34 },
      { x: 30, y: 10 },
      { x: 30, y: 34 },
    ];
    const points = [
      { x: 20, y: 22, include: true },
      ...corners.map((corner) => ({ ...corner, include: false })),
    ];
    expect(farthest(byBox.data, (await maskOf(sam, encoded, { points })).data)).toBeLessThan(1e-5);
  });
});

describe('the map of a name', () => {
  const sigmoid = (logits: Float32Array) => logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  let namer: Promise<Namer> | undefined;
  const find = async (pixels: Pixels, text: string) => {
    namer ??= goldenSelector(NAME_SELECTOR).then((files) => openClipSeg(files, undefined));
    const opening = await namer;
    if (!opened.includes(opening)) opened.push(opening);
    return opening.find(pixels, text);
  };

  it('by CLIPSeg, with its tokenizer', async () => {
    for (const text of ['cat', 'the dog']) {
      const { width, height, data } = await find(goldenPixels('scaled.square'), text);
      expect([width, height]).toEqual([64, 64]);
      expect(farthest(data, sigmoid(goldenValues(`clipseg.${text}`)))).toBeLessThan(1e-4);
    }
  });

  it('cuts a text that is longer than CLIP reads, and scales any image', async () => {
    const { data } = await find(goldenPixels('picture'), 'cat '.repeat(100));
    expect(data).toHaveLength(64 * 64);
    expect(data.every((value) => value > 0 && value < 1)).toBe(true);
  });
});

it('reads nothing but the stored files', async () => {
  const files = await goldenSelector(SLIMSAM);
  const lacking = {
    ...files,
    open: async (path: string) => (path.endsWith('.onnx') ? undefined : files.open(path)),
  };
  await expect(openSamModel(lacking, undefined)).rejects.toThrow(
    /^selector "SlimSAM" can’t be opened \(.*\); delete it in "Manage models" and download it again$/,
  );
  const changed = { ...files, open: () => Promise.reject(new CheckpointError('vision_encoder was changed')) };
  await expect(openSamModel(changed, undefined)).rejects.toThrow(/^vision_encoder was changed$/);
});
