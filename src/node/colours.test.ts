/** Colours on their way through the command line: transparency, profiles, kinds of files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadModel } from '../model/load';
import type { Model } from '../pipeline/components';
import { parseArguments } from './args';
import { folderFiles } from './folder';
import { inpaintFiles } from './inpaint';
import { createNodeRuntime } from './ort';

const MODEL = 'goldens/models/sd15-inpaint';
const PICTURES = 'src/testing/pictures';
const call = { signal: new AbortController().signal, onProgress() {} };
let folder: string;
const at = (name: string) => join(folder, name);
let model: Model;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-colours-'));
  model = await loadModel(folderFiles(MODEL), await createNodeRuntime(1), call);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await model.dispose();
});

/** One step over a picture. */
async function paint(image: string, mask: string, out: string, ...more: string[]) {
  const args = parseArguments([
    ...['--model', MODEL, '--prompt', 'x', '--out', out, '--steps', '1', '--seed', '1'],
    ...['--image', image, '--mask', mask, '--no-crop', ...more],
  ]);
  if (args === 'help') throw new Error('no run');
  return inpaintFiles(args, {
    ...call,
    loadModel: async () => ({ model: { ...model, dispose: async () => {} }, admit: async () => {} }),
  });
}

async function rgba(path: string): Promise<Buffer> {
  return sharp(path).ensureAlpha().raw().toBuffer();
}

it('what hides in transparency shows nowhere, and stays hidden outside the mask', async () => {
  const results = new Map<string, Buffer>();
  for (const hidden of ['black', 'white']) {
    const image = `${PICTURES}/cutout-hidden-${hidden}.png`;
    const out = at(`cutout-${hidden}.png`);
    await paint(image, `${PICTURES}/cutout-mask.png`, out);
    results.set(hidden, await rgba(out));
    const before = await rgba(image);
    const mask = await sharp(`${PICTURES}/cutout-mask.png`).greyscale().raw().toBuffer();
    mask.forEach((value, pixel) => {
      if (value !== 0) return;
      const range = [pixel * 4, pixel * 4 + 4] as const;
      expect(results.get(hidden)?.subarray(...range)).toEqual(before.subarray(...range));
    });
  }
  const [black, white] = [results.get('black'), results.get('white')];
  if (!black || !white) throw new Error('two results');
  for (let i = 0; i < black.length; i += 4) {
    expect(black[i + 3]).toBe(white[i + 3]);
    if (black[i + 3] !== 0) expect(black.subarray(i, i + 3)).toEqual(white.subarray(i, i + 3));
  }
  // No dark fringe: red along the mask's edge.
  const { width } = await sharp(`${PICTURES}/cutout-hidden-black.png`).metadata();
  const reds = [8, 9, 10, 11].map((x) => black[(24 * width + x) * 4] ?? 0);
  expect(Math.min(...reds)).toBeGreaterThanOrEqual(200);
});
