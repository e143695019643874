/** The ground around what the starter draws, against the true background and the content-aware fill. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bilinear } from '../../src/image/interpolate';
import { maskFromPixels } from '../../src/image/mask/mask';
import type { Matte } from '../../src/image/matte/matte';
import { placeMatte } from '../../src/image/matte/place';
import type { Pixels } from '../../src/image/raster';
import { poseOf } from '../../src/pipeline/drawThing';
import type { OpenModel } from '../../src/pipeline/runRequest';
import { draw, read, write } from './draw';

interface Row {
  prompt: string;
  /** Pixels of the mask that the true thing does not cover. */
  uncovered: number;
  /** Mean error there against the true background, of 255. */
  fill: number;
  drawn: number;
}

export interface Ground {
  scenes: number;
  /** The drawn image's error as a multiple of the fill's, over all pixels. */
  ratio: number;
  rows: Row[];
}

/** @param folder of tools/starter/scenes.py; gets NUMBER-drawn.png */
export async function measureGround(opened: OpenModel, folder: string): Promise<Ground> {
  const scenes: { name: string; prompt: string }[] = JSON.parse(
    readFileSync(join(folder, 'scenes.json'), 'utf8'),
  );
  const rows: Row[] = [];
  for (const [seed, { name, prompt }] of scenes.entries()) {
    const file = (kind: string) => read(join(folder, `${name}${kind}.png`));
    const [image, mask, thing] = await Promise.all([file(''), file('-mask'), file('-thing')]);
    const fill = await draw(opened, { image, mask }, '', seed);
    const drawn = await draw(opened, { image, mask }, prompt, seed);
    await write(drawn, join(folder, `${name}-drawn.png`));
    const hole = maskFromPixels(mask);
    // The true thing, laid as this seed lays what is drawn.
    const truth = matteFrom(thing);
    const place = placeMatte(truth, hole, poseOf(seed));
    if (place === null) throw new Error(`scene ${name} has no thing`);
    const errors = { fill: 0, drawn: 0, count: 0 };
    for (let i = 0; i < hole.data.length; i++) {
      if (hole.data[i] === 0) continue;
      const [x, y] = place(i % hole.width, Math.floor(i / hole.width));
      const isOn = x >= 0 && y >= 0 && x <= truth.width - 1 && y <= truth.height - 1;
      if (isOn && bilinear(truth.cover, truth, x, y, 1, 0) > 0.02) continue;
      errors.count++;
      for (let c = 4 * i; c < 4 * i + 3; c++) {
        errors.fill += Math.abs((fill.data[c] ?? 0) - (image.data[c] ?? 0));
        errors.drawn += Math.abs((drawn.data[c] ?? 0) - (image.data[c] ?? 0));
      }
    }
    if (errors.count === 0) continue;
    const mean = (sum: number) => Number((sum / (3 * errors.count)).toFixed(2));
    const row = { prompt, uncovered: errors.count, fill: mean(errors.fill), drawn: mean(errors.drawn) };
    console.error(JSON.stringify(row));
    rows.push(row);
  }
  const over = (key: 'fill' | 'drawn') => rows.reduce((sum, row) => sum + row[key] * row.uncovered, 0);
  return { scenes: rows.length, ratio: Number((over('drawn') / over('fill')).toFixed(3)), rows };
}

/** @param thing white where it covers */
function matteFrom({ data, width, height }: Pixels): Matte {
  const cover = Float32Array.from({ length: width * height }, (_, i) => (data[4 * i] ?? 0) / 255);
  return { width, height, cover, colours: new Float32Array(3 * cover.length) };
}
