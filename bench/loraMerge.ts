/**
 * A LoRA of rank 64 into every matrix of SDXL's UNet, as `tsx bench/loraMerge.ts [threads]` measures it: the product by
 * ONNX Runtime (model/ortProduct.ts), the same in plain loops, and the casts from and to halves around it. Each shape is
 * timed once and counted as often as the UNet has it. Appends to bench/results/lora-merge.json.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { familyFiles } from '../e2e/hub/families';
import { recordTensors } from '../src/graph/tensors';
import { buildUnet2d } from '../src/graph/unet2d';
import { castBytes } from '../src/model/cast';
import { parseUnet2dConfig } from '../src/model/config';
import { createProduct } from '../src/model/ortProduct';
import { createNodeRuntime } from '../src/node/ort';

const RANK = 64;
const MATRICES = /\.(to_[qkv]|to_out\.0|net\.0\.proj|net\.2|proj_in|proj_out)\.weight$/;
const resultsPath = fileURLToPath(new URL('results/lora-merge.json', import.meta.url));

const threads = Number(process.argv[2] ?? 1);
const runtime = await createNodeRuntime(threads);
const product = createProduct(runtime);

function shapesOfSdxl(): Map<string, { out: number; width: number; count: number }> {
  const tensors = recordTensors('fp32');
  buildUnet2d(
    parseUnet2dConfig(familyFiles('sdxl').configs.get('unet/config.json')),
    tensors,
    runtime.target,
  );
  const shapes = new Map<string, { out: number; width: number; count: number }>();
  for (const [key, [out = 0, width = 0]] of tensors.shapes) {
    if (!MATRICES.test(key)) continue;
    const count = (shapes.get(`${out} ${width}`)?.count ?? 0) + 1;
    shapes.set(`${out} ${width}`, { out, width, count });
  }
  return shapes;
}

/** Four rows of the right at a time over stretches of columns, as it was before 22 November 2026. */
function addInLoops(target: Float32Array, left: Float32Array, right: Float32Array): void {
  const width = right.length / RANK;
  const at = (values: Float32Array, i: number) => values[i] as number;
  for (let from = 0; from < width; from += 512) {
    const to = Math.min(width, from + 512);
    for (let row = 0; row < target.length / width; row++) {
      for (let r = 0; r < RANK; r += 4) {
        const [a, b, c, d] = [0, 1, 2, 3].map((i) => at(left, row * RANK + r + i)) as [
          number,
          number,
          number,
          number,
        ];
        for (let i = from, t = row * width + from, s = r * width + from; i < to; i++, t++, s++) {
          target[t] =
            at(target, t) +
            a * at(right, s) +
            b * at(right, s + width) +
            c * at(right, s + 2 * width) +
            d * at(right, s + 3 * width);
        }
      }
    }
  }
}

async function secondsOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const random = (length: number) => Float32Array.from({ length }, () => Math.random() - 0.5);
const sum = { values: 0, operations: 0, ortSeconds: 0, loopSeconds: 0, castSeconds: 0 };
for (const { out, width, count } of shapesOfSdxl().values()) {
  const [left, right] = [random(out * RANK), random(RANK * width)];
  const half = castBytes(new Uint8Array(random(out * width).buffer), 'F32', 'fp16');
  let weight = new Float32Array();
  const widen = await secondsOf(() => {
    weight = new Float32Array(castBytes(half, 'F16', 'fp32').buffer);
  });
  await product.addTo(weight.subarray(0, width), left.subarray(0, RANK), right, RANK); // loaded, compiled
  const ort = await secondsOf(() => product.addTo(weight, left, right, RANK));
  const loop = await secondsOf(() => addInLoops(weight, left, right));
  const narrow = await secondsOf(() => castBytes(new Uint8Array(weight.buffer), 'F32', 'fp16'));
  sum.values += count * out * width;
  sum.operations += count * out * width * RANK * 2;
  sum.ortSeconds += count * ort;
  sum.loopSeconds += count * loop;
  sum.castSeconds += count * (widen + narrow);
  console.error(
    `${count} × [${out}, ${width}]: ${ort.toFixed(3)} s, in loops ${loop.toFixed(3)} s, casts ${(widen + narrow).toFixed(3)} s`,
  );
}
const result = {
  date: new Date().toISOString(),
  rank: RANK,
  threads,
  ...sum,
  ratio: sum.loopSeconds / sum.ortSeconds,
  machine: `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
};
const before = JSON.parse(await readFile(resultsPath, 'utf8').catch(() => '[]')) as unknown[];
await writeFile(resultsPath, `${JSON.stringify([...before, result], null, 2)}\n`);
console.log(JSON.stringify(result));
process.exit(0);
