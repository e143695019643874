import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHost } from '../../host/createHost';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';

let folder: string;
const at = (name: string) => join(folder, name);
const host = createHost(cliPlatform(2));
const run = { host, signal: new AbortController().signal, onProgress() {} };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-select-'));
  // Two camels; the smaller one is at (110, 170).
  await sharp('test/pictures/camels.jpg').resize(600).png().toFile(at('camels.png'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await host.release();
});

const args = (...more: string[]) => {
  const given = ['--model', 'fill', '--image', at('camels.png'), '--out', at('out.png'), ...more];
  const parsed = parseArguments(given);
  if (parsed === 'help') throw new Error('not asked for');
  return parsed;
};
const pixelsOf = async (path: string) => {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return {
    ...info,
    at: (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)],
  };
};

it('takes away the thing at a place, nothing else, and writes the mask that was used', async () => {
  await inpaintFiles(args('--select', '110,170', '--mask-out', at('mask.png')), run);
  const [before, after, mask] = await Promise.all(
    ['camels.png', 'out.png', 'mask.png'].map((n) => pixelsOf(at(n))),
  );
  if (!before || !after || !mask) throw new Error('a file is missing');
  expect([mask.width, mask.height]).toEqual([before.width, before.height]);
  const white = [255, 255, 255];
  // Its back, neck and a leg; the sky beside it, the grass beneath it, the other camel.
  for (const [x, y] of [
    [110, 170],
    [180, 185],
    [85, 225],
  ] as const)
    expect(mask.at(x, y)).toEqual(white);
  for (const [x, y] of [
    [110, 100],
    [110, 320],
    [340, 130],
  ] as const) {
    expect(mask.at(x, y)).toEqual([0, 0, 0]);
    expect(after.at(x, y)).toEqual(before.at(x, y));
  }
  expect(after.at(110, 170)).not.toEqual(before.at(110, 170));
});

it('says what is wrong with a place, before the model is opened', async () => {
  await expect(inpaintFiles(args('--select', '600,10'), run)).rejects.toThrow(
    '--select: 600,10 is outside the image, which is 600 × 338',
  );
  await expect(inpaintFiles(args('--select', '10,10', '--select-not', '1,900'), run)).rejects.toThrow(
    '--select-not: 1,900 is outside the image',
  );
  await expect(inpaintFiles(args('--select', '10,10', '--mask-out', at('mask.jpg')), run)).rejects.toThrow(
    /--mask-out: .* would lose values; use .png/,
  );
});

it('checks the arguments that belong to places', () => {
  expect(args('--select', '10,20', '--select', '1.5,2', '--select-not', '3,4').select).toEqual([
    { x: 10, y: 20, include: true },
    { x: 1.5, y: 2, include: true },
    { x: 3, y: 4, include: false },
  ]);
  const wrong: [string[], RegExp][] = [
    [['--select', '10'], /"10" is not a place in the image; write it as X,Y/],
    [['--select', '10,-2'], /is not a place/],
    [['--select', '1,2', '--mask', 'm.png'], /--select and --mask exclude each other/],
    [['--select-not', '1,2', '--mask', 'm.png'], /--select-not needs --select/],
    [['--select', '1,2', '--mask-reading', 'alpha'], /--mask-reading is for --mask/],
    [[], /--mask is missing/],
    [Array.from({ length: 65 }, (_, i) => ['--select', `${i},1`]).flat(), /at most 64 places/],
  ];
  for (const [given, message] of wrong) expect(() => args(...given)).toThrow(message);
});
