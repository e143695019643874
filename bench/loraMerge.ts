/**
 * Merging a LoRA of rank 64 into every matrix of SDXL's UNet: `tsx bench/loraMerge.ts [threads]`. Times the product by
 * ONNX Runtime (model/runtime/ortMatMul.ts), the same in plain loops, and the casts from and to halves around it, current
 * and former. Each shape is timed once and counted as often as the UNet has it. Appends to bench/results/lora-merge.json.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buildUnet2d } from '../src/graph/networks/unet2d';
import { recordTensors } from '../src/graph/onnx/tensors';
import { parseUnet2dConfig } from '../src/model/configs/unet2d';
import { createProduct } from '../src/model/runtime/ortMatMul';
import { CastRoom, castBytes } from '../src/model/weights/cast';
import { float32ToHalf, halfToFloat32 } from '../src/model/weights/half';
import { createNodeRuntime } from '../src/node/ort';
import { familyFiles } from '../test/support/hub/families';

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

/** Four rows of the right matrix at a time, over blocks of columns, as the code did before 22 November 2026. */
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

/** The casts before 23 November 2026: unsigned words, a NaN check for every value, into new memory. */
const unsignedTable = new Uint32Array(
  halfToFloat32(Uint16Array.from({ length: 65536 }, (_, half) => half)).buffer,
);

function widenBefore(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const half = new Uint16Array(bytes.slice().buffer);
  const bits = new Uint32Array(half.length);
  for (let i = 0; i < half.length; i++) bits[i] = unsignedTable[half[i] as number] as number;
  return new Float32Array(bits.buffer);
}

function narrowBefore(bytes: Uint8Array<ArrayBuffer>): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(bytes.slice().buffer);
  const out = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = roundBefore(bits[i] as number);
  return out;
}

function roundBefore(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return float32ToHalf(new Float32Array(Uint32Array.of(bits).buffer))[0] ?? 0;
  const rebased = magnitude - 0x38000000;
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
}

async function secondsOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const random = (length: number) => Float32Array.from({ length }, () => Math.random() - 0.5);
const sum = {
  values: 0,
  operations: 0,
  ortSeconds: 0,
  loopSeconds: 0,
  castSeconds: 0,
  castSecondsBefore: 0,
};
// As in a pass over a file: the same memory for one tensor after another.
const rooms = { changed: new CastRoom(), cast: new CastRoom() };
const shapes = [...shapesOfSdxl().values()].sort((a, b) => a.out * a.width - b.out * b.width);
for (const { out, width, count } of shapes) {
  const [left, right] = [random(out * RANK), random(RANK * width)];
  const half = castBytes(new Uint8Array(random(out * width).buffer), 'F32', 'F16');
  let before = new Float32Array();
  const widenedBefore = await secondsOf(() => {
    before = widenBefore(half);
  });
  const narrowedBefore = await secondsOf(() => narrowBefore(new Uint8Array(before.buffer)));
  let bytes = half;
  const widen = await secondsOf(() => {
    bytes = castBytes(half, 'F16', 'F32', rooms.changed);
  });
  const weight = new Float32Array(bytes.buffer, 0, out * width);
  await product.addTo(weight.subarray(0, width), left.subarray(0, RANK), right, RANK); // loaded, compiled
  const ort = await secondsOf(() => product.addTo(weight, left, right, RANK));
  const loop = await secondsOf(() => addInLoops(weight, left, right));
  const narrow = await secondsOf(() => castBytes(bytes, 'F32', 'F16', rooms.cast));
  sum.values += count * out * width;
  sum.operations += count * out * width * RANK * 2;
  sum.ortSeconds += count * ort;
  sum.loopSeconds += count * loop;
  sum.castSeconds += count * (widen + narrow);
  sum.castSecondsBefore += count * (widenedBefore + narrowedBefore);
  console.error(
    `${count} × [${out}, ${width}]: ${ort.toFixed(3)} s, in loops ${loop.toFixed(3)} s, ` +
      `casts ${(widen + narrow).toFixed(3)} s, before ${(widenedBefore + narrowedBefore).toFixed(3)} s`,
  );
}
const result = {
  date: new Date().toISOString(),
  rank: RANK,
  threads,
  ...sum,
  ratio: sum.loopSeconds / sum.ortSeconds,
  castRatio: sum.castSecondsBefore / sum.castSeconds,
  machine: `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
};
const earlier = JSON.parse(await readFile(resultsPath, 'utf8').catch(() => '[]')) as unknown[];
await writeFile(resultsPath, `${JSON.stringify([...earlier, result], null, 2)}\n`);
console.log(JSON.stringify(result));
process.exit(0);
