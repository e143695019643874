/** The stages of the full-size benchmark, on the same functions that the engine's worker calls. */

import type { Precision, Provider } from '../../src/graph/onnx/types';
import type { CheckpointFiles } from '../../src/model/files';
import { loadModel } from '../../src/model/load';
import { createMemoryGuard } from '../../src/model/memoryGuard';
import { openModel } from '../../src/model/openModel';
import { planModel } from '../../src/model/prepare/plan';
import { openBrowserRuntime } from '../../src/model/runtime/runtime';
import { Runtime } from '../../src/model/runtime/session';
import { connect, download } from '../../src/model/source/download';
import { findModel } from '../../src/model/source/source';
import type { StableDiffusion } from '../../src/pipeline/conditioning/stableDiffusion';
import { weightStoreHere } from '../../src/storage/weightsOpfs';
import { openDigestInWorker } from '../../src/worker/digestClient';
import { type CheckedGraph, GraphChecker, passChecked } from './graphs';
import { type MemoryFigures, memoryFigures, restartPeak } from './instrument';

export type Stage = 'plain' | 'prepare' | 'graphs' | 'sessions';

export interface StageOrder {
  stage: Stage;
  id: string;
  hubUrl: string;
  precision: Precision;
  /** For `graphs` and `sessions`: the networks, in this order. */
  components: readonly string[];
  /** For `sessions`. */
  provider: Provider;
  /** For `sessions`: image side in pixels; if absent, 64, and the UNet is created but not run. */
  side?: number;
}

export interface StageResult {
  seconds: number;
  bytes: number;
  memory: MemoryFigures;
  /** From `sessions`, by network. */
  components?: Record<string, { seconds: number; memory: MemoryFigures; finite: boolean }>;
  /** From `graphs`, by network. */
  graphs?: Record<string, CheckedGraph>;
}

const store = weightStoreHere();
const { signal } = new AbortController();

/** The cost of a download without preparation: the same requests and the same writer, nothing in between. */
async function plain({ id, hubUrl, precision }: StageOrder): Promise<number> {
  const connection = connect(hubUrl, signal);
  const plan = planModel(await findModel(id, connection, hubUrl), precision);
  const folder = store.model('plain');
  let bytes = 0;
  for (const file of plan.components.flatMap(({ files }) => files)) {
    const writer = await folder.writer(file.path);
    let position = 0;
    for await (const chunk of download(file, connection, { start: 0, end: file.size })) {
      await writer.write(chunk, position);
      position += chunk.byteLength;
    }
    await writer.flush();
    await writer.close();
    bytes += position;
  }
  return bytes;
}

async function prepare({ id, hubUrl, precision }: StageOrder): Promise<number> {
  let bytes = 0;
  await openModel(id, precision, {
    store,
    hubUrl,
    signal,
    openDigest: openDigestInWorker,
    onProgress(progress) {
      if (progress.stage === 'download') bytes = progress.totalBytes;
    },
  });
  return bytes;
}

const noVerdicts = { get: async () => undefined, set: async () => {} };

interface Runs {
  /** Of the images that networks run on, in pixels. */
  side: number;
  text: boolean;
  unet: boolean;
}

/** Functions that create each network and, if asked to, run it once; VAE encoder and decoder are created by running them. */
function networksOf(
  model: StableDiffusion,
  runtime: Runtime,
  runs: Runs,
): Record<string, () => Promise<Float32Array>> {
  const { side } = runs;
  const pixelSize = { width: side, height: side };
  const size = { width: side / 8, height: side / 8 };
  const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const text = async (i: number) => {
    const branch = model.prompts.branches[i];
    if (branch === undefined) throw new Error(`no text encoder ${i}`);
    const encoder = await branch.encoder();
    if (!runs.text) return new Float32Array();
    return (await encoder.encode(branch.tokenizer.encode('a cat'), 1)).states;
  };
  const vae = async () => model.vae();
  return {
    text_encoder: () => text(0),
    text_encoder_2: () => text(1),
    'vae encoder': async () => (await vae()).encode(values(3 * side * side), pixelSize),
    'vae decoder': async () => (await vae()).decode(values((4 * side * side) / 64), size),
    async unet() {
      const unet = await model.denoiser();
      if (!runs.unet) return new Float32Array();
      const { width, height } = size;
      return unet.predict(values(4 * width * height), size, 500, {
        rows: 2,
        promptEmbeddings: runtime.upload(values(2 * 77 * 768), [2, 77, 768]),
        ...(unet.inpainting === 'native' && {
          maskLatents: runtime.upload(values(5 * width * height), [1, 5, height, width]),
        }),
        dispose() {},
      });
    },
  };
}

async function stored({ id, precision, hubUrl }: StageOrder): Promise<CheckpointFiles> {
  return openModel(id, precision, { store, hubUrl, signal, onProgress: () => {} });
}

/** Builds every graph from the stored tensors and lets ONNX Runtime resolve it, without loading a weight. */
async function graphs(order: StageOrder): Promise<NonNullable<StageResult['graphs']>> {
  const opened = await openBrowserRuntime('webgpu', { onStatus: () => {}, verdicts: noVerdicts });
  // SwiftShader has no float16, but can create sessions that are never run; its forms are those of fp32.
  const target = { ...opened.target, precision: order.precision };
  const checker = new GraphChecker(opened.ort, target, opened.device);
  const call = { signal, onProgress: () => {} };
  const model = (await loadModel(await stored(order), checker, call)) as StableDiffusion;
  const networks = networksOf(model, checker, { side: 64, text: false, unet: false });
  for (const component of order.components) await networks[component]?.().catch(passChecked);
  return checker.checked;
}

async function sessions(order: StageOrder): Promise<NonNullable<StageResult['components']>> {
  const opened = await openBrowserRuntime(order.provider, { onStatus: () => {}, verdicts: noVerdicts });
  const { precision, side } = order;
  const runtime = new Runtime(opened.ort, { ...opened.target, precision }, opened.device);
  const files = await stored(order);
  if (runtime.device === undefined) {
    // Decides what may stay loaded together, as before a user's run. All networks share WASM's memory, which never shrinks.
    const guard = createMemoryGuard(runtime, { kept: noVerdicts, machine: {} });
    await guard.checkRunFits(files, { width: side ?? 64, height: side ?? 64 });
  }
  const call = { signal, onProgress: () => {} };
  const model = (await loadModel(files, runtime, call)) as StableDiffusion;
  const networks = networksOf(model, runtime, {
    side: side ?? 64,
    // SwiftShader has no float16: it can create fp16 sessions of text encoders but not run them.
    text: precision === opened.target.precision,
    unet: side !== undefined,
  });
  const results: NonNullable<StageResult['components']> = {};
  for (const component of order.components) {
    const begin = networks[component];
    if (begin === undefined) throw new Error(`no network called ${component}`);
    restartPeak();
    const started = performance.now();
    const values = await begin();
    results[component] = {
      seconds: (performance.now() - started) / 1000,
      memory: memoryFigures(),
      finite: values.every(Number.isFinite),
    };
    console.log(`${component}: ${JSON.stringify(results[component])}`);
  }
  return results;
}

const work: Record<Stage, (order: StageOrder) => Promise<Omit<StageResult, 'seconds' | 'memory'>>> = {
  plain: async (order) => ({ bytes: await plain(order) }),
  prepare: async (order) => ({ bytes: await prepare(order) }),
  graphs: async (order) => ({ bytes: 0, graphs: await graphs(order) }),
  sessions: async (order) => ({ bytes: 0, components: await sessions(order) }),
};

self.onmessage = async ({ data }: MessageEvent<StageOrder>) => {
  // An already prepared model would take no time.
  if (data.stage === 'prepare') for (const name of await store.models()) await store.model(name).clear();
  const started = performance.now();
  try {
    const result = await work[data.stage](data);
    const seconds = (performance.now() - started) / 1000;
    // Frees space for the next stage; not timed.
    if (data.stage === 'plain') await store.model('plain').clear();
    self.postMessage({ ...result, seconds, memory: memoryFigures() } satisfies StageResult);
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
};
