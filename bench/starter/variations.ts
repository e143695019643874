/** How much the variations of one prompt differ: those of four neighbouring seeds, as the page makes them. */
import { maskFromPixels } from '../../src/image/mask/mask';
import type { Pixels } from '../../src/image/raster';
import type { OpenModel } from '../../src/pipeline/runRequest';
import { draw } from './draw';

const SEEDS = [0, 1, 2, 3];

/** Mean difference in the mask, of 255: between neighbouring seeds, and between the two that are most alike. */
export interface Difference {
  prompt: string;
  neighbours: number;
  least: number;
}

export async function measureVariations(
  opened: OpenModel,
  pictures: { image: Pixels; mask: Pixels },
  names: readonly string[],
): Promise<Difference[]> {
  const hole = maskFromPixels(pictures.mask).data;
  const rows: Difference[] = [];
  for (const name of names) {
    const prompt = `a ${name}`;
    const drawn: Pixels[] = [];
    for (const seed of SEEDS) drawn.push(await draw(opened, pictures, prompt, seed));
    const pairs = drawn.flatMap((one, i) =>
      drawn.slice(i + 1).map((other, k) => ({ apart: apart(one, other, hole), isNeighbour: k === 0 })),
    );
    const near = pairs.filter(({ isNeighbour }) => isNeighbour).map((pair) => pair.apart);
    const neighbours = near.reduce((sum, value) => sum + value, 0) / near.length;
    const least = Math.min(...pairs.map((pair) => pair.apart));
    rows.push({ prompt, neighbours: rounded(neighbours), least: rounded(least) });
    console.error(JSON.stringify(rows.at(-1)));
  }
  return rows;
}

function apart(one: Pixels, other: Pixels, hole: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < hole.length; i++) {
    if (hole[i] === 0) continue;
    for (let c = 4 * i; c < 4 * i + 3; c++) sum += Math.abs((one.data[c] ?? 0) - (other.data[c] ?? 0));
    count += 3;
  }
  return sum / count;
}

const rounded = (value: number) => Number(value.toFixed(1));
