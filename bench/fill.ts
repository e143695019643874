/**
 * How good the content-aware fill is: on scenes of 256 × 256 whose true content is known, beside Laplace's equation and
 * whatever others have filled, and how long a hole of 1,000 × 800 takes in 24 megapixels.
 * `npx tsx bench/fill.ts FOLDER… [--seed N] [--seeds] [--scenes OUT] [--fills OUT] [--report FILE.md] [--large]`
 *
 * The folders hold the photographs that the starter model's evaluation uses; none are in the repository.
 * tools/starter/README.md says which packages have them (Debian's wallpapers, scikit-image's data).
 * `--seed` cuts other scenes, `--seeds` says how far completions of several seeds differ. `--scenes` writes the scenes, so that tools/fill/anchors.py can fill them too; `--fills` then scores those beside ours and
 * writes two grids: `grid.webp`, and `blind.png`, whose columns are shuffled (`blind-key.json` says how).
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { fillHole } from '../src/image/fill/fillHole';
import { createMask, type Mask, type Pixels } from '../src/image/raster';
import { readImage, saveImage, saveMask, writeBlindGrid, writeGrid } from './fill/grid';
import { cutScenes, findPhotographs, readPhotograph, type Scene } from './fill/scenes';
import { laplaceFill, mean, meanError, median, type Score, score } from './fill/scores';

const OURS = 'Inlay';
/** The columns of the grids beside ours, where they are there. */
const SHOWN = ['opencv-shiftmap', 'study'];

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'boolean', default: false },
    scenes: { type: 'string' },
    fills: { type: 'string' },
    report: { type: 'string' },
    large: { type: 'boolean', default: false },
  },
});
const photographs = findPhotographs(folders);
if (photographs.size === 0) {
  console.error(
    'None of the evaluation’s photographs are in these folders; tools/starter/README.md says where they come from.',
  );
  process.exit(2);
}
const lines: string[] = [];
const say = (line: string) => {
  console.log(line);
  lines.push(line);
};
if (options.large) await timeLarge();
else await scoreScenes(await cutScenes(photographs, Number(options.seed)));
if (options.report) writeFileSync(options.report, `${lines.join('\n')}\n`);

async function scoreScenes(scenes: Scene[]): Promise<void> {
  const fills = new Map<string, Pixels[]>([
    [OURS, []],
    ['Laplace', []],
  ]);
  const times: number[] = [];
  const processorTimes: number[] = [];
  const variety: Variety[] = [];
  for (const { truth, hole } of scenes) {
    const image = emptied(truth, hole);
    const [started, processor] = [performance.now(), process.cpuUsage()];
    const first = await fillHole(image, hole, { seed: 1 });
    times.push(performance.now() - started);
    processorTimes.push(process.cpuUsage(processor).user / 1000);
    fills.get(OURS)?.push(first);
    if (options.seeds) {
      const others = [await fillHole(image, hole, { seed: 2 }), await fillHole(image, hole, { seed: 3 })];
      variety.push(varietyOf([first, ...others], truth, hole));
    }
    fills.get('Laplace')?.push(laplaceFill(image, hole));
  }
  if (options.scenes) await writeScenes(scenes, options.scenes);
  for (const name of options.fills ? readdirSync(options.fills, { withFileTypes: true }) : []) {
    if (!options.fills || !name.isDirectory() || ['holes', 'masks'].includes(name.name)) continue;
    const folder = join(options.fills, name.name);
    fills.set(name.name, await Promise.all(scenes.map((_, i) => readImage(join(folder, fileOf(i))))));
  }
  const scores = new Map<string, Score[]>();
  for (const [name, filled] of fills) {
    scores.set(
      name,
      filled.map((pixels, i) => scoreOf(pixels, scenes[i])),
    );
  }
  say(
    `${scenes.length} scenes of ${photographs.size} photographs (${[...photographs.keys()].join(', ')}), seed ${options.seed}.`,
  );
  say(
    `Ours takes ${(mean(times) / 1000).toFixed(2)} s a scene, ${(Math.max(...times) / 1000).toFixed(2)} s at most; ` +
      `the processor’s seconds, of all threads: ${(mean(processorTimes) / 1000).toFixed(2)} and ${(Math.max(...processorTimes) / 1000).toFixed(2)}.`,
  );
  if (variety.length > 0) sayVariety(variety);
  say('');
  say('| | mean error | against Laplace | gradient, median | its quartiles | seam, median |');
  say('|---|---|---|---|---|---|');
  const smooth = mean((scores.get('Laplace') ?? []).map(({ error }) => error));
  for (const [name, list] of scores) {
    const error = mean(list.map((one) => one.error));
    const gradients = list.map((one) => one.gradient).sort((a, b) => a - b);
    const quartile = (share: number) => (gradients[Math.floor(gradients.length * share)] ?? 0).toFixed(2);
    say(
      `| ${name} | ${error.toFixed(1)} | ${(error / smooth).toFixed(2)} | ${median(gradients).toFixed(2)} | ` +
        `${quartile(0.25)} – ${quartile(0.75)} | ${median(list.map((one) => one.seam)).toFixed(2)} |`,
    );
  }
  say('');
  say('| scene | error, ours | Laplace’s | gradient | seam |');
  say('|---|---|---|---|---|');
  scenes.forEach(({ name }, i) => {
    const [ours, laplace] = [scores.get(OURS)?.[i], scores.get('Laplace')?.[i]];
    if (!ours || !laplace) return;
    say(
      `| ${name} | ${ours.error.toFixed(1)} | ${laplace.error.toFixed(1)} | ${ours.gradient.toFixed(2)} | ${ours.seam.toFixed(2)} |`,
    );
  });
  if (!options.fills) return;
  const columns = [OURS, ...SHOWN].flatMap((name) => {
    const filled = fills.get(name);
    return filled ? [{ name, filled }] : [];
  });
  const holes = scenes.map(({ truth, hole }) => emptied(truth, hole));
  const truths = { name: 'truth', filled: scenes.map(({ truth }) => truth) };
  await writeGrid(join(options.fills, 'grid.webp'), [{ name: 'hole', filled: holes }, ...columns, truths]);
  await writeBlindGrid(options.fills, holes, columns, Number(options.seed));
}

/** How unlike the completions of several seeds are, and how far they are from the truth: means of 255. */
interface Variety {
  apart: number;
  error: number;
}

function varietyOf(filled: readonly Pixels[], truth: Pixels, hole: Mask): Variety {
  const pairs = filled.flatMap((one, i) => filled.slice(i + 1).map((other) => meanError(one, other, hole)));
  return { apart: mean(pairs), error: mean(filled.map((one) => meanError(one, truth, hole))) };
}

function sayVariety(variety: readonly Variety[]): void {
  const apart = mean(variety.map((one) => one.apart));
  const error = mean(variety.map((one) => one.error));
  const shares = variety.map((one) => one.apart / one.error).sort((a, b) => a - b);
  say(
    `Seeds 1, 2 and 3 differ by ${apart.toFixed(1)} in the mean, their error being ${error.toFixed(1)}: ` +
      `${(apart / error).toFixed(2)} of it; a quarter of the scenes less than ${(shares[shares.length >> 2] ?? 0).toFixed(2)}.`,
  );
}

function scoreOf(pixels: Pixels, scene: Scene | undefined): Score {
  if (!scene) throw new Error('a fill without its scene');
  return score(pixels, scene.truth, scene.hole);
}

/** The image without what the hole hides, so that nothing can look at it. */
function emptied(truth: Pixels, hole: Mask): Pixels {
  const data = new Uint8ClampedArray(truth.data);
  hole.data.forEach((value, i) => {
    if (value > 0) data.set([0, 0, 0, 255], 4 * i);
  });
  return { ...truth, data };
}

function fileOf(scene: number): string {
  return `${String(scene).padStart(2, '0')}.png`;
}

async function writeScenes(scenes: Scene[], folder: string): Promise<void> {
  for (const name of ['holes', 'masks']) mkdirSync(join(folder, name), { recursive: true });
  for (const [i, { truth, hole }] of scenes.entries()) {
    await saveImage(join(folder, 'holes', fileOf(i)), emptied(truth, hole));
    await saveMask(join(folder, 'masks', fileOf(i)), hole);
  }
}

/** A hole of 1,000 × 800 pixels in the middle of photographs that are enlarged to 24 megapixels: for time alone. */
async function timeLarge(): Promise<void> {
  say(
    '| photograph | size | seconds | processor, seconds | longest stretch without a pause, ms | of it at work, ms |',
  );
  say('|---|---|---|---|---|---|');
  for (const [name, file] of [...photographs].slice(0, 3)) {
    const small = await readPhotograph(file, 6000, true);
    const { data, info } = await sharp(small.data, {
      raw: { width: small.width, height: small.height, channels: 4 },
    })
      .resize(6000, 4000, { fit: 'cover' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const image: Pixels = { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
    const hole = createMask(image);
    for (let y = 1600; y < 2400; y++) hole.data.fill(255, y * 6000 + 2500, y * 6000 + 3500);
    let [last, longest, lastWork, longestWork] = [performance.now(), 0, process.cpuUsage(), 0];
    const [started, processor] = [performance.now(), process.cpuUsage()];
    await fillHole(image, hole, {
      seed: 1,
      async pause() {
        longest = Math.max(longest, performance.now() - last);
        longestWork = Math.max(longestWork, process.cpuUsage(lastWork).user / 1000);
        [last, lastWork] = [performance.now(), process.cpuUsage()];
      },
    });
    const seconds = (performance.now() - started) / 1000;
    const worked = process.cpuUsage(processor).user / 1e6;
    say(
      `| ${name} | 6000 × 4000 | ${seconds.toFixed(1)} | ${worked.toFixed(1)} | ${longest.toFixed(0)} | ${longestWork.toFixed(0)} |`,
    );
  }
}
