/** For tests: the pictures that diffusers painted (tools/goldens/pictures.py), and how near another comes to one. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import type { SchedulerName } from '../engine/schema';
import type { Model } from '../pipeline/components';
import { type InpaintCache, inpaint } from '../pipeline/inpaint';
import type { Pixels } from '../pipeline/pixels';

const FOLDER = 'goldens/pictures';

export interface GoldenPicture {
  name: string;
  /** Folder in goldens/models. */
  model: string;
  prompt: string;
  negativePrompt: string;
  steps: number;
  guidance: number;
  seed: number;
  strength: number;
  scheduler?: SchedulerName;
  width: number;
  height: number;
  image: string;
  mask: string;
  output: string;
}

export const { cases: goldenPictures } = JSON.parse(readFileSync(`${FOLDER}/cases.json`, 'utf8')) as {
  cases: GoldenPicture[];
};

/**
 * Paints the picture anew.
 * @returns peak signal-to-noise ratio against diffusers' picture, in dB
 */
export async function paintGolden(model: Model, golden: GoldenPicture, cache: InpaintCache): Promise<number> {
  const { pixels } = await inpaint(
    model,
    {
      ...golden,
      guidanceScale: golden.guidance,
      image: await readPng(golden.image),
      mask: await readPng(golden.mask),
    },
    { signal: new AbortController().signal, onProgress: () => {}, cache },
  );
  return psnr(pixels, await readPng(golden.output));
}

async function readPng(name: string): Promise<Pixels> {
  const picture = sharp(`${FOLDER}/${name}`).toColourspace('srgb').ensureAlpha();
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Of the colours; −∞ where the sizes differ. */
function psnr(actual: Pixels, expected: Pixels): number {
  if (actual.width !== expected.width || actual.height !== expected.height) return Number.NEGATIVE_INFINITY;
  let squares = 0;
  for (let i = 0; i < expected.data.length; i++) {
    if (i % 4 === 3) continue;
    squares += ((actual.data[i] ?? 0) - (expected.data[i] ?? 0)) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / (squares / (expected.width * expected.height * 3)));
}
