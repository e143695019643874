/**
 * How much of a dark wire remains after the starter model has removed it: the wire's remaining contrast, in levels of
 * 126, by the width of the mask, for horizontal and slanting wires on a gradient and on a photograph, with the mask as
 * painted and as sent. Masks of 3 pixels and more reach one pixel beyond their wire. Run it with
 * `npx tsx bench/thinMask.ts`, followed by the number of seeds to average over; it prints a table.
 */
import sharp from 'sharp';
import { defaultFeather, featherWeights } from '../src/image/featheredPaste';
import { maskForModel } from '../src/image/mask/latentMask';
import { maskToPixels, scaleMask } from '../src/image/mask/mask';
import { arrayImage, pasteResult } from '../src/image/prepareAndPaste';
import { createMask, createPixels, type Mask, type Pixels } from '../src/image/raster';
import { folderFiles } from '../src/node/folder';
import { createNodeRuntime } from '../src/node/ort';
import { starterFolder } from '../src/node/platform';
import { inpaint } from '../src/pipeline/inpaint';
import { loadDiffusion } from '../test/support/loadDiffusion';

const SIDE = 256;
const DEPTH = 126;
const size = { width: SIDE, height: SIDE };
const plan = { frame: { x: 0, y: 0, ...size }, size };
const seeds = Number(process.argv[2] ?? 2);
/** Wires in one image are far enough apart to be removed separately. */
const pictures = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 10, 12],
];
const SPACING = 48;
const FIRST = 32;
/** Wires end before the edge of the image. */
const MARGIN = 24;
/** Pixels per stretch. Contrast is measured by stretch, so that a bright one does not cancel out a dark one. */
const STRETCH = 16;

type Background = (x: number, y: number, channel: number) => number;

async function photographed(): Promise<Background> {
  const { data } = await sharp('public/samples/sample.jpg')
    .extract({ left: 60, top: 480, ...size })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  // Bright enough for a wire that is 126 levels darker.
  return (x, y, channel) => Math.min(255, (data[(y * SIDE + x) * 3 + channel] ?? 0) * 0.7 + 76);
}

const backgrounds: Record<string, Background> = {
  gradient: (x, y, channel) => 150 + (x / SIDE) * 50 + (y / SIDE) * 30 - channel * 12,
  photograph: await photographed(),
};
const slopes = { horizontal: 0, slanting: 0.25 };
const masks: Record<string, (mask: Mask) => Mask> = {
  painted: (mask) => scaleMask(mask, plan.frame, size),
  sent: (mask) => maskForModel(mask, plan.frame, size),
};

interface Wire {
  masked: number;
  width: number;
  distance(x: number, y: number): number;
}

function wiresOf(widths: readonly number[], slope: number, offset: number): Wire[] {
  return widths.map((masked, i) => ({
    masked,
    width: masked < 3 ? masked : masked - 2,
    distance(x, y) {
      const middle = FIRST + SPACING * i + offset + slope * (x - SIDE / 2);
      return Math.abs(y + 0.5 - middle) / Math.hypot(1, slope);
    },
  }));
}

function drawn(wires: readonly Wire[], background: Background) {
  const [clean, picture, mask] = [createPixels(size), createPixels(size), createMask(size)];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const pixel = y * SIDE + x;
      const near = (reach: (wire: Wire) => number) =>
        x >= MARGIN && x < SIDE - MARGIN && wires.some((wire) => wire.distance(x, y) <= reach(wire) / 2);
      if (near(({ masked }) => masked)) mask.data[pixel] = 255;
      const darker = near(({ width }) => width) ? DEPTH : 0;
      for (let channel = 0; channel < 3; channel++) {
        const value = Math.round(background(x, y, channel));
        clean.data[pixel * 4 + channel] = value;
        picture.data[pixel * 4 + channel] = value - darker;
      }
      clean.data[pixel * 4 + 3] = picture.data[pixel * 4 + 3] = 255;
    }
  }
  return { clean, picture, mask };
}

/** @returns levels: the root of the mean of squares over the wire's stretches */
function contrastLeft({ width, distance }: Wire, clean: Pixels, pasted: Pixels): number {
  const stretches = new Map<number, { sum: number; count: number }>();
  for (let y = 0; y < SIDE; y++) {
    for (let x = MARGIN; x < SIDE - MARGIN; x++) {
      if (distance(x, y) > width / 2) continue;
      const stretch = Math.floor(x / STRETCH);
      const total = stretches.get(stretch) ?? { sum: 0, count: 0 };
      for (let i = (y * SIDE + x) * 4; i % 4 < 3; i++) {
        total.sum += (clean.data[i] ?? 0) - (pasted.data[i] ?? 0);
        total.count += 1;
      }
      stretches.set(stretch, total);
    }
  }
  const squares = [...stretches.values()].map(({ sum, count }) => (sum / count) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** Every pixel outside the mask comes from the image. */
function checkOutside(picture: Pixels, pasted: Pixels, mask: Mask): void {
  const changed = mask.data.findIndex(
    (value, i) => value === 0 && [0, 1, 2, 3].some((c) => picture.data[i * 4 + c] !== pasted.data[i * 4 + c]),
  );
  if (changed !== -1) throw new Error(`pixel ${changed} outside the mask changed`);
}

const call = { signal: new AbortController().signal, onProgress() {} };
const model = await loadDiffusion(folderFiles(starterFolder), await createNodeRuntime(1), call);
try {
  console.log(
    `${'mask, pixels'.padEnd(34)}${pictures
      .flat()
      .map((width) => String(width).padStart(6))
      .join('')}`,
  );
  for (const [ground, background] of Object.entries(backgrounds)) {
    for (const [course, slope] of Object.entries(slopes)) {
      for (const [name, maskOf] of Object.entries(masks)) {
        const left: number[] = [];
        for (const widths of pictures) {
          const sums = widths.map(() => 0);
          for (let seed = 1; seed <= seeds; seed++) {
            // Each seed has a different position on the model's grid.
            const wires = wiresOf(widths, slope, (seed * 3) % 8);
            const { clean, picture, mask } = drawn(wires, background);
            const { pixels } = await inpaint(
              model,
              {
                ...{ image: picture, mask: maskToPixels(maskOf(mask)), ...size },
                ...{ prompt: '', negativePrompt: '', steps: 8, guidanceScale: 1, seed, strength: 1 },
              },
              call,
            );
            const patch = { ...size, data: new Uint8ClampedArray(pixels.data) };
            const weights = featherWeights(mask, plan.frame, defaultFeather(plan));
            const pasted = { ...picture, data: picture.data.slice() };
            pasteResult(arrayImage(pasted), patch, { plan, weights, matches: true });
            checkOutside(picture, pasted, mask);
            wires.forEach((wire, i) => {
              sums[i] = (sums[i] ?? 0) + contrastLeft(wire, clean, pasted);
            });
          }
          left.push(...sums.map((sum) => sum / seeds));
        }
        const title = `${ground}, ${course}, as ${name}`.padEnd(34);
        console.log(`${title}${left.map((levels) => levels.toFixed(1).padStart(6)).join('')}`);
      }
    }
  }
} finally {
  await model.dispose();
}
