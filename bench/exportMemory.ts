/**
 * Memory and time of a full-size ONNX export: `tsx bench/exportMemory.ts FOLDER [SIDE] [run]`, with a folder written by
 * tools/exports/true_size.py. Prepares it into a cache folder as the command line does, then creates its UNet with the
 * page's ONNX Runtime and session options; `run` also evaluates it once, with both rows of guidance. Appends the
 * measurements to bench/results/export-memory.json, next to the estimate of graph/onnxExport/footprint.ts.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../src/model/load';
import { memoryLimits, modelNeeds } from '../src/model/memoryNeeds';
import { prepareSource } from '../src/model/openModel';
import { connect } from '../src/model/source/download';
import { HUB_URL } from '../src/model/source/modelName';
import { localSource } from '../src/node/folder';
import { diskWeightStore } from '../src/node/weightStore';
import type { StableDiffusion } from '../src/pipeline/conditioning/stableDiffusion';
import { wasmBytes } from './wasmBytes';

const resultsPath = fileURLToPath(new URL('results/export-memory.json', import.meta.url));
const [folder, sideText = '512', run] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: tsx bench/exportMemory.ts FOLDER [SIDE] [run]');
const side = Number(sideText);
const { signal } = new AbortController();
const call = { signal, onProgress() {} };

/** Peak JavaScript memory of `work`, not counting the files that it reads, sampled every 100 ms. */
async function watched<Result>(work: () => Promise<Result>) {
  const peak = { heap: 0, arrayBuffers: 0 };
  const look = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    peak.heap = Math.max(peak.heap, heapUsed);
    peak.arrayBuffers = Math.max(peak.arrayBuffers, arrayBuffers);
  };
  const timer = setInterval(look, 100);
  const started = performance.now();
  try {
    const result = await work();
    look();
    return { result, peak, seconds: (performance.now() - started) / 1000 };
  } finally {
    clearInterval(timer);
  }
}

const { createNodeRuntime } = await import('../src/node/ort');
const runtime = await createNodeRuntime();
const cache = await mkdtemp(join(tmpdir(), 'inlay-export-'));
try {
  // 1. Store it on the disk as the command line does
  const store = diskWeightStore(cache);
  const prepared = await watched(async () =>
    prepareSource(await localSource(folder), runtime.target.precision, connect(HUB_URL, signal), {
      store,
      onProgress() {},
    }),
  );
  const files = prepared.result;

  // 2. Estimate
  const limits = memoryLimits({ provider: 'wasm', memoryBytes: totalmem(), now: Date.now() });
  const estimated = await watched(() =>
    modelNeeds(files, runtime.target, limits, { width: side, height: side }),
  );
  const networks = Object.fromEntries(estimated.result?.networks ?? []);

  // 3. Measure
  const model = (await loadModel(files, runtime, call)) as StableDiffusion;
  const created = await watched(() => model.denoiser());
  const wasm = { created: wasmBytes(), ran: 0 };
  const unet = created.result;
  const latent = side / 8;
  const halves = (...dims: number[]) => new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.5);
  let evaluationSeconds: number | undefined;
  if (run === 'run') {
    const text = runtime.upload(halves(2, 77, 768), [2, 77, 768]);
    const mask =
      unet.inpainting === 'native'
        ? runtime.upload(halves(1, 5, latent, latent), [1, 5, latent, latent])
        : undefined;
    const evaluated = await watched(() =>
      unet.predict(halves(1, 4, latent, latent), { height: latent, width: latent }, 500, {
        rows: 2,
        promptEmbeddings: text,
        ...(mask && { maskLatents: mask }),
        dispose() {},
      }),
    );
    evaluationSeconds = evaluated.seconds;
    wasm.ran = wasmBytes();
  }

  const entry = {
    date: new Date().toISOString(),
    export: basename(folder),
    side,
    storedBytes: files.manifest.storedBytes,
    prepared: { seconds: prepared.seconds, peakBytes: prepared.peak },
    estimated: { seconds: estimated.seconds, networks },
    unet: { createdSeconds: created.seconds, evaluationSeconds, wasmBytes: wasm, peakBytes: created.peak },
    machine: `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  };
  console.log(JSON.stringify(entry, null, 2));
  const before: unknown[] = JSON.parse(await readFile(resultsPath, 'utf8').catch(() => '[]'));
  await writeFile(resultsPath, `${JSON.stringify([...before, entry], null, 2)}\n`);
} finally {
  await rm(cache, { recursive: true });
}
process.exit(0);
