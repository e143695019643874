/**
 * Pages to be named by eyes that know neither the prompts nor the list of what the starter draws: twenty prompts on the
 * sample's own mask, as the page and the command line draw them, cut out at the image's own size, numbered in random order.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { ModelHost } from '../../src/host/createHost';
import { parseArguments } from '../../src/node/cli/args';
import { inpaintFiles } from '../../src/node/cli/inpaint';

const IMAGE = 'public/samples/sample.jpg';
const MASK = 'public/samples/sample-mask.png';
/** The masked meadow and what stands around it, in pixels of the image. */
const VIEW = { left: 225, top: 389, width: 500, height: 400 };
const [COLUMNS, ROWS, GAP, BAND] = [2, 2, 20, 34];

/** What a number of the pages shows. */
export interface Shown {
  number: number;
  prompt: string;
  seed: number;
}

/**
 * Draws each prompt once, with the seeds 0, 1, 2 … in the order of the pages.
 * @param folder gets page-1.png and so on, four images each
 * @returns the key: keep it where the judge does not look
 */
export async function drawSheet(host: ModelHost, names: readonly string[], folder: string): Promise<Shown[]> {
  const key = shuffled(names).map((name, i) => ({ number: i + 1, prompt: `a ${name}`, seed: i }));
  const scratch = mkdtempSync(join(tmpdir(), 'starter-sheet-'));
  mkdirSync(folder, { recursive: true });
  try {
    const perPage = COLUMNS * ROWS;
    for (let first = 0; first < key.length; first += perPage) {
      const tiles = [];
      for (const [i, shown] of key.slice(first, first + perPage).entries()) {
        const left = GAP + (i % COLUMNS) * (VIEW.width + GAP);
        const top = GAP + Math.floor(i / COLUMNS) * (VIEW.height + BAND + GAP);
        const input = await sharp(await draw(host, shown, scratch))
          .extract(VIEW)
          .png()
          .toBuffer();
        tiles.push({ input: label(shown.number), left, top }, { input, left, top: top + BAND });
      }
      const width = GAP + COLUMNS * (VIEW.width + GAP);
      const height = GAP + ROWS * (VIEW.height + BAND + GAP);
      await sharp({ create: { width, height, channels: 3, background: 'white' } })
        .composite(tiles)
        .png()
        .toFile(join(folder, `page-${first / perPage + 1}.png`));
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return key;
}

/** @returns the file of the whole result */
async function draw(host: ModelHost, { number, prompt, seed }: Shown, scratch: string): Promise<string> {
  const out = join(scratch, `${number}.png`);
  const args = parseArguments([
    ...['--model', 'starter', '--image', IMAGE, '--mask', MASK],
    ...['--prompt', prompt, '--seed', String(seed), '--out', out],
  ]);
  if (args === 'help') throw new Error('no arguments');
  await inpaintFiles(args, { host, signal: new AbortController().signal, onProgress: () => {} });
  console.error(`${number} drawn`);
  return out;
}

function label(number: number) {
  return { text: { text: String(number), dpi: 150, rgba: true } };
}

/** Fisher and Yates. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const rest = [...items];
  const order: Item[] = [];
  while (rest.length > 0) order.push(...rest.splice(Math.floor(Math.random() * rest.length), 1));
  return order;
}
