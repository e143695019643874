/**
 * What the starter draws, and the ground around it.
 *
 *     npx tsx bench/starter.ts ground DIR   scenes of tools/starter/scenes.py
 *     npx tsx bench/starter.ts sheet DIR    twenty prompts on the sample's own mask, in random order and without captions
 *
 * `ground` measures, where the true thing does not cover the mask, the mean error against the true background, as a multiple
 * of the content-aware fill's own: 1.15 at most. `sheet` writes DIR/sheet.png and DIR/key.json, to be named by eye before
 * the key is opened; and how much another seed changes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { inpaintRequestSchema, localOptionsSchema } from '../src/contract/schema';
import { createHost } from '../src/host/createHost';
import { maskFromPixels } from '../src/image/mask/mask';
import type { Pixels } from '../src/image/raster';
import { cliPlatform } from '../src/node/cli/cliPlatform';
import { placementOf, squareAround } from '../src/pipeline/drawThing';
import { type OpenModel, runAtSize } from '../src/pipeline/runRequest';

/** Where the things of the sheet come from: every tenth of what it can draw, beginning at the third. */
const [FIRST, EVERY] = [2, 10];
const NATIVE = 256;

const [what, folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('name what to measure, ground or sheet, and a folder');
const host = createHost(cliPlatform(1));
const call = { signal: new AbortController().signal, onProgress: () => {} };

async function read(path: string): Promise<Pixels> {
  const { data, info } = await sharp(path)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8ClampedArray(data), width: info.width, height: info.height };
}

function draw(opened: OpenModel, pictures: { image: Pixels; mask: Pixels }, prompt: string, seed: number) {
  const given = { model_name: 'starter', prompt, image_url: 'data:,', mask_url: 'data:,', seed };
  const request = inpaintRequestSchema.parse({ ...given, num_inference_steps: 6, guidance_scale: 1 });
  const { width, height } = pictures.image;
  const sized = { request, options: localOptionsSchema.parse({}), pictures, size: { width, height } };
  return runAtSize(sized, opened, call);
}

async function ground(opened: OpenModel, from: string): Promise<void> {
  const scenes: { name: string; prompt: string }[] = JSON.parse(
    readFileSync(join(from, 'scenes.json'), 'utf8'),
  );
  const rows: { prompt: string; uncovered: number; fill: number; drawn: number }[] = [];
  for (const [seed, { name, prompt }] of scenes.entries()) {
    const file = (kind: string) => read(join(from, `${name}${kind}.png`));
    const [image, mask, cover] = await Promise.all([file(''), file('-mask'), file('-cover')]);
    const hole = maskFromPixels(mask);
    const fill = (await draw(opened, { image, mask }, '', seed)).pixels;
    const drawn = (await draw(opened, { image, mask }, prompt, seed)).pixels;
    // The true thing where this seed puts it. The scene's cover is that of the model's own square, seen at its size.
    const square = squareAround(hole);
    const place = placementOf(square, NATIVE, seed);
    const errors = { fill: 0, drawn: 0, count: 0 };
    for (let i = 0; i < hole.data.length; i++) {
      if (hole.data[i] === 0) continue;
      const [x, y] = place(i % hole.width, Math.floor(i / hole.width));
      const scale = square.side / NATIVE;
      const column = Math.round(square.x + (x + 0.5 - NATIVE / 2) * scale - 0.5);
      const row = Math.round(square.y + (y + 0.5 - NATIVE / 2) * scale - 0.5);
      const isInside = column >= 0 && row >= 0 && column < cover.width && row < cover.height;
      if (isInside && (cover.data[4 * (row * cover.width + column)] ?? 0) > 5) continue;
      errors.count++;
      for (let c = 4 * i; c < 4 * i + 3; c++) {
        errors.fill += Math.abs((fill.data[c] ?? 0) - (image.data[c] ?? 0));
        errors.drawn += Math.abs((drawn.data[c] ?? 0) - (image.data[c] ?? 0));
      }
    }
    if (errors.count > 0) {
      const mean = (sum: number) => Number((sum / (3 * errors.count)).toFixed(2));
      rows.push({ prompt, uncovered: errors.count, fill: mean(errors.fill), drawn: mean(errors.drawn) });
    }
    await write(drawn, join(from, `${name}-drawn.png`));
    console.error(JSON.stringify(rows.at(-1)));
  }
  const over = (key: 'fill' | 'drawn') => rows.reduce((sum, row) => sum + row[key] * row.uncovered, 0);
  const result = { scenes: rows.length, ratio: Number((over('drawn') / over('fill')).toFixed(3)), rows };
  writeFileSync('bench/results/starterGround.json', `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify({ ratio: result.ratio, scenes: result.scenes }));
}

async function sheet(opened: OpenModel, to: string): Promise<void> {
  const concepts: { name: string }[] = JSON.parse(
    readFileSync('public/models/starter/concepts.json', 'utf8'),
  );
  const names = concepts
    .filter((_, i) => i % EVERY === FIRST)
    .map(({ name }) => name)
    .slice(0, 20);
  const order = [...names].sort(() => Math.random() - 0.5);
  const pictures = {
    image: await read('public/samples/sample.jpg'),
    mask: await read('public/samples/sample-mask.png'),
  };
  const hole = maskFromPixels(pictures.mask);
  const { x, y, side } = squareAround(hole);
  const box = {
    left: Math.round(x - side / 2),
    top: Math.round(y - side / 2),
    width: Math.round(side),
    height: Math.round(side),
  };
  box.top = Math.min(box.top, pictures.image.height - box.height);
  const [cell, columns] = [250, 5];
  const tiles = [];
  const changes = [];
  for (const [i, name] of order.entries()) {
    const { pixels } = await draw(opened, pictures, `a photo of a ${name}`, i);
    if (i < 4) {
      const other = (await draw(opened, pictures, `a photo of a ${name}`, i + 1)).pixels;
      changes.push(apart(pixels, other, hole.data));
    }
    const raw = { width: pixels.width, height: pixels.height, channels: 4 as const };
    const input = await sharp(pixels.data, { raw })
      .extract(box)
      .resize(cell - 6, cell - 6)
      .png()
      .toBuffer();
    tiles.push({ input, left: (i % columns) * cell, top: Math.floor(i / columns) * cell });
    console.error(`${i + 1} of ${order.length}`);
  }
  const size = { width: columns * cell, height: Math.ceil(order.length / columns) * cell };
  await sharp({ create: { ...size, channels: 3, background: 'white' } })
    .composite(tiles)
    .png()
    .toFile(join(to, 'sheet.png'));
  writeFileSync(join(to, 'key.json'), `${JSON.stringify(order, null, 2)}\n`);
  console.log(JSON.stringify({ meanChangeOfNextSeed: changes }));
}

/** Mean difference in the hole, of 255. */
function apart(one: Pixels, other: Pixels, hole: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < hole.length; i++) {
    if (hole[i] === 0) continue;
    for (let c = 4 * i; c < 4 * i + 3; c++) sum += Math.abs((one.data[c] ?? 0) - (other.data[c] ?? 0));
    count += 3;
  }
  return Number((sum / count).toFixed(1));
}

async function write({ data, width, height }: Pixels, path: string): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toFile(path);
}

try {
  const work = what === 'ground' ? ground : sheet;
  await host.withModel({ name: 'starter' }, undefined, call, (opened) => work(opened, folder));
} finally {
  await host.release();
}
