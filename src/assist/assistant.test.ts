/** The assistant with a model that always finds the same things, on an image of 24 megapixels that is never held as pixels. */
import { afterEach, expect, it, vi } from 'vitest';
import type { SelectionRequest } from '../contract/assist';
import { intersectRect, type Rect, rectOfSize } from '../image/geometry';
import { createPixels } from '../image/raster';
import { createAssistantCore } from './assistant';
import type { AssistImage } from './cutMask';
import type { Logits, Segmenter, SegmenterPrompt } from './segmenter';

const SIZE = { width: 6000, height: 4000 };
const thing: Rect = { x: 1200, y: 1000, width: 1500, height: 1000 };
const part: Rect = { x: 1800, y: 1300, width: 300, height: 200 };
const isIn = ({ x, y, width, height }: Rect, px: number, py: number) =>
  px >= x && py >= y && px < x + width && py < y + height;

// Alpha, blue, green, red.
const [GREY, BLUE, RED] = [0xff969696, 0xffc82814, 0xff141ec8] as const;

/** Grey with a blue thing that has a red part. */
const image: AssistImage & { largestRead: number } = {
  ...SIZE,
  largestRead: 0,
  read(rect) {
    image.largestRead = Math.max(image.largestRead, rect.width * rect.height);
    const pixels = createPixels(rect);
    const colours = new Uint32Array(pixels.data.buffer);
    colours.fill(GREY);
    for (const [area, colour] of [
      [thing, BLUE],
      [part, RED],
    ] as const) {
      const { x, y, width, height } = intersectRect(area, rect);
      for (let row = y - rect.y; row < y - rect.y + height; row++) {
        const start = row * rect.width + x - rect.x;
        colours.fill(colour, start, start + width);
      }
    }
    return pixels;
  },
};

const gridOf = (rect: Rect): Logits => {
  const [across, down] = [256, (256 * SIZE.height) / SIZE.width];
  const data = new Float32Array(256 * 256).fill(-8);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      if (isIn(rect, ((x + 0.5) / across) * SIZE.width, ((y + 0.5) / down) * SIZE.height))
        data[y * 256 + x] = 8;
    }
  }
  return { width: 256, height: 256, data, across, down };
};

function setUp() {
  const asked: { prompt: SegmenterPrompt; hint: Logits | undefined }[] = [];
  const segmenter: Segmenter = {
    side: 1024,
    encode: async ({ width, height }) => ({ size: { width, height } }),
    async decode(_encoded, prompt, hint) {
      asked.push({ prompt, hint });
      const [small, whole] = [gridOf(part), gridOf(thing)];
      return {
        masks: [
          { logits: small, score: 0.8 },
          { logits: whole, score: 0.9 },
        ],
        plain: { logits: gridOf(thing), score: 0.7 },
      };
    },
    async dispose() {},
  };
  const core = createAssistantCore({
    openSegmenter: async () => segmenter,
    openNamer: () => Promise.reject(new Error('no names are asked about')),
  });
  const press: SelectionRequest = {
    points: [{ x: 1900, y: 1400, include: true }],
    view: rectOfSize(SIZE),
    refines: false,
    grow: 3,
  };
  return { core, asked, press };
}

/** Bytes of the arrays that are made while `work` runs. */
async function allocated(work: () => Promise<unknown>): Promise<{ largest: number; all: number }> {
  const sizes: number[] = [];
  for (const name of [
    'Uint8Array',
    'Uint8ClampedArray',
    'Int32Array',
    'Float32Array',
    'Float64Array',
  ] as const) {
    const counted = new Proxy(globalThis[name], {
      construct(target, given) {
        const made: ArrayBufferView = Reflect.construct(target, given);
        sizes.push(made.byteLength);
        return made;
      },
    });
    vi.stubGlobal(name, counted);
  }
  await work();
  vi.unstubAllGlobals();
  return { largest: Math.max(...sizes), all: sizes.reduce((sum, size) => sum + size, 0) };
}

afterEach(() => vi.unstubAllGlobals());

it('costs the mask of the thing for a press, not the image', async () => {
  const { core, press } = setUp();
  await core.prepare(image, press.view, () => {});
  image.largestRead = 0;
  let found: Awaited<ReturnType<typeof core.select>> = null;
  const { largest, all } = await allocated(async () => {
    found = await core.select(image, press, () => {});
  });
  const { width, height } = found ?? { width: 0, height: 0 };
  expect([width, height]).toEqual([1506, 1006]);
  expect(image.largestRead).toBe(64 * 64);
  // One byte for each pixel of the thing and of what it grows by; 24 megapixels would be 96 MB.
  expect(largest).toBeLessThan(1.2 * width * height);
  expect(all).toBeLessThan(24e6);
});

it('takes another thing at the place when it is pressed again, and starts corrections from the last answer', async () => {
  const { core, asked, press } = setUp();
  const again = await core.select(image, { ...press, grow: 0, refines: true, again: 1 }, () => {});
  expect(again?.width).toBeLessThan(1.1 * part.width);
  expect(asked.map(({ hint }) => hint)).toEqual([undefined]);

  const points = [...press.points, { x: 1300, y: 1100, include: true }];
  const corrected = await core.select(image, { ...press, points, grow: 0, refines: true }, () => {});
  expect(corrected).toMatchObject({ x: thing.x, y: thing.y, width: thing.width, height: thing.height });
  expect(asked[1]?.hint).toBeDefined();
});
