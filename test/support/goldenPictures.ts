/** For tests: the pictures that diffusers painted (tools/goldens/pictures.py), and how near another comes to one. */
import { openAsBlob, readFileSync } from 'node:fs';
import sharp from 'sharp';
import type { SchedulerName } from '../../src/contract/schema';
import type { Pixels } from '../../src/image/pixels';
import type { EmbeddingChoice } from '../../src/model/embedding/open';
import type { LocalLora } from '../../src/model/lora/choice';
import { type InpaintCache, inpaint } from '../../src/pipeline/inpaint';
import type { Model } from '../../src/pipeline/model';

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

/** @param folder that a script of tools/goldens wrote */
export function goldenPicturesIn(folder: string): GoldenPicture[] {
  const { cases } = JSON.parse(readFileSync(`${folder}/cases.json`, 'utf8')) as { cases: GoldenPicture[] };
  return cases;
}

export const goldenPictures = goldenPicturesIn(FOLDER);

const LORAS = 'goldens/loras';

export interface GoldenLoraPicture extends GoldenPicture {
  /** Names of files in goldens/loras, and their weights. */
  loras: [name: string, weight: number][];
}

/** By tools/goldens/loras.py. */
export const { cases: goldenLoraPictures } = JSON.parse(readFileSync(`${LORAS}/cases.json`, 'utf8')) as {
  cases: GoldenLoraPicture[];
};

export async function localLora(name: string): Promise<LocalLora> {
  const path = `${LORAS}/${name}.safetensors`;
  return { name: path, blob: await openAsBlob(path), version: 'golden' };
}

const INVERSIONS = 'goldens/inversions';

export interface GoldenInversion extends GoldenPicture {
  /** In goldens/inversions, and what each is called; null: as it says itself. */
  files: string[];
  tokens: (string | null)[];
  /** Of the prompt, a row for each encoder. */
  ids: number[][];
}

/** By tools/goldens/inversions.py. */
export const { cases: goldenInversions } = JSON.parse(readFileSync(`${INVERSIONS}/cases.json`, 'utf8')) as {
  cases: GoldenInversion[];
};

/** The embeddings of a case, as a person names them. */
export async function inversionsOf({ files, tokens }: GoldenInversion): Promise<EmbeddingChoice[]> {
  return Promise.all(
    files.map(async (file, i) => {
      const path = `${INVERSIONS}/${file}`;
      const source = { name: path, blob: await openAsBlob(path), version: 'golden' };
      return { source, token: tokens[i] ?? undefined };
    }),
  );
}

/**
 * Paints the picture anew.
 * @returns peak signal-to-noise ratio against diffusers' picture, in dB
 */
export async function paintGolden(
  model: Model,
  golden: GoldenPicture,
  cache: InpaintCache,
  folder = FOLDER,
): Promise<number> {
  const pixels = await paintPixels(model, golden, cache, folder);
  return psnr(pixels, await readPng(`${folder}/${golden.output}`));
}

/** The picture of that case, painted anew. */
export async function paintPixels(
  model: Model,
  golden: GoldenPicture,
  cache: InpaintCache,
  folder = FOLDER,
): Promise<Pixels> {
  const { pixels } = await inpaint(
    model,
    {
      ...golden,
      guidanceScale: golden.guidance,
      image: await readPng(`${folder}/${golden.image}`),
      mask: await readPng(`${folder}/${golden.mask}`),
    },
    { signal: new AbortController().signal, onProgress: () => {}, cache },
  );
  return pixels;
}

async function readPng(path: string): Promise<Pixels> {
  const picture = sharp(path).toColourspace('srgb').ensureAlpha();
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
