import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../../test/support/hub/hub';
import { type TemporaryStore, temporaryStore } from '../../../test/support/hub/hubServer';
import { selectorRepos } from '../../../test/support/hub/selectors';
import type { Progress } from '../../contract/engine';
import { createHost } from '../../host/createHost';
import { measureSource } from '../images';
import { parseArguments } from './args';
import { cliPlatform } from './cliPlatform';
import { inpaintFiles } from './inpaint';
import { selectArgument } from './selectArgument';

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

describe('by name', () => {
  let hub: Hub;
  let temporary: TemporaryStore;
  beforeAll(async () => {
    hub = await startHub({ repos: await selectorRepos() });
    temporary = await temporaryStore();
  });
  afterAll(async () => {
    await hub.close();
    await temporary.remove();
  });
  // Tiny random models, which answer at once.
  const tiny = ['--select-model', 'Xenova/slimsam-77-uniform'];
  /** The mask of what is named, and the stages on the way. */
  const selected = async (hubUrl: string, ...more: string[]) => {
    const picture = await (await measureSource('--image', at('camels.png'), run.signal)).decode();
    const stages = new Set<string>();
    const weights = { store: temporary.store, hub: { url: hubUrl } };
    const call = { ...run, weights, onProgress: ({ stage }: Progress) => void stages.add(stage) };
    const { mask } = await selectArgument(picture, args(...more), call);
    return { data: mask.data, stages };
  };

  it('says that a model is missing where it cannot be downloaded, before it looks at the image', async () => {
    await expect(selected('http://127.0.0.1:9', '--select-name', 'the camel')).rejects.toThrow(
      /--select-name needs CLIPSeg .* is not on this device and cannot be downloaded/,
    );
    await expect(selected('http://127.0.0.1:9', '--select', '1,1', ...tiny)).rejects.toThrow(
      /--select-model needs SlimSAM/,
    );
  });

  it('downloads the models once and masks what has the names, without what is excluded', async () => {
    const both = await selected(hub.url, '--select-name', 'the camel,sky', ...tiny);
    expect(both.stages).toContain('download');
    expect(both.data.some((value) => value > 0)).toBe(true);

    const asked = hub.log.length;
    const sky = await selected(hub.url, '--select-name', 'sky', ...tiny);
    const camel = await selected(hub.url, '--select-name', 'the camel', ...tiny);
    expect(hub.log).toHaveLength(asked);
    expect(both.data.every((v, i) => v === Math.max(sky.data[i] ?? 0, camel.data[i] ?? 0))).toBe(true);

    // What is at a place is added, or taken away where it is excluded.
    const thing = await selected(hub.url, '--select', '110,170', ...tiny);
    const joined = await selected(hub.url, '--select-name', 'sky', '--select', '110,170', ...tiny);
    expect(joined.data.every((v, i) => v === Math.max(sky.data[i] ?? 0, thing.data[i] ?? 0))).toBe(true);
    const left = sky.data.map((v, i) => Math.min(v, 255 - (thing.data[i] ?? 0)));
    const without = selected(hub.url, '--select-name', 'sky', '--select-not', '110,170', ...tiny);
    if (left.some((value) => value > 0)) expect((await without).data).toEqual(left);
    else await expect(without).rejects.toThrow('--select-not: nothing is left of what was selected');
  });
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
    [['--select-not', '1,2', '--mask', 'm.png'], /--select-not needs --select or --select-name/],
    [['--select', '1,2', '--mask-reading', 'alpha'], /--mask-reading is for --mask/],
    [[], /--mask is missing/],
    [['--select-name', 'dog', '--mask', 'm.png'], /--select-name and --mask exclude each other/],
    [['--select-name', 'dog, ,cat'], /--select-name: a name is empty/],
    [['--select-name', 'x'.repeat(301)], /a name has at most 300 characters/],
    [['--select-name', Array(17).fill('x').join(',')], /at most 16 names/],
    [['--select-model', 'Xenova/slimsam-77-uniform', '--mask', 'm.png'], /--select-model needs --select/],
    [['--select', '1,2', '--select-model', 'a/b'], /"a\/b" is not one of Xenova\/slimsam-77-uniform/],
    [Array.from({ length: 65 }, (_, i) => ['--select', `${i},1`]).flat(), /at most 64 places/],
  ];
  for (const [given, message] of wrong) expect(() => args(...given)).toThrow(message);
});
