/** The stages of the true-size benchmark, on the very functions that the engine's worker calls. */

import type { Precision } from '../../src/graph/types';
import { connect, download } from '../../src/model/download';
import { loadModel } from '../../src/model/load';
import { openModel } from '../../src/model/openModel';
import { planModel } from '../../src/model/plan';
import { openBrowserRuntime } from '../../src/model/runtime';
import { Runtime } from '../../src/model/session';
import { findModel } from '../../src/model/source';
import { opfsWeightStore } from '../../src/storage/weightsOpfs';
import { openDigestInWorker } from '../../src/worker/digestClient';
import { type MemoryFigures, memoryFigures, restartPeak } from './instrument';

export type Stage = 'plain' | 'prepare' | 'sessions';

export interface StageOrder {
  stage: Stage;
  id: string;
  hubUrl: string;
  precision: Precision;
  /** Of `sessions`: which networks, in this order, each released before the next. */
  components: readonly string[];
}

export interface StageResult {
  seconds: number;
  bytes: number;
  memory: MemoryFigures;
  /** Of `sessions`: by network. */
  components?: Record<string, { seconds: number; memory: MemoryFigures; finite: boolean }>;
}

const store = opfsWeightStore();
const { signal } = new AbortController();

/** What a download without preparation costs: the same requests, the same writer, nothing between. */
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

async function sessions(order: StageOrder): Promise<NonNullable<StageResult['components']>> {
  const opened = await openBrowserRuntime('webgpu', {
    onStatus: () => {},
    verdicts: { get: async () => undefined, set: async () => {} },
  });
  const { precision } = order;
  // SwiftShader has no halves: fp16 sessions of text encoders can be created there, and not run.
  const runs = precision === opened.target.precision;
  const runtime = new Runtime(opened.ort, { ...opened.target, precision }, opened.device);
  const files = await openModel(order.id, precision, {
    store,
    hubUrl: order.hubUrl,
    signal,
    onProgress: () => {},
  });
  const model = await loadModel(files, runtime, { signal, onProgress: () => {} });
  const size = { width: 8, height: 8 };
  const pixelSize = { width: 64, height: 64 };
  const vae = await model.vae();
  const text = async (i: number) => {
    const branch = model.text[i];
    if (branch === undefined) throw new Error(`no text encoder ${i}`);
    const encoder = await branch.encoder();
    return runs ? (await encoder.encode(branch.tokenizer.encode('a cat'), 1)).states : new Float32Array();
  };
  const work: Record<string, () => Promise<Float32Array>> = {
    text_encoder: () => text(0),
    text_encoder_2: () => text(1),
    'vae encoder': () => vae.encode(new Float32Array(3 * 64 * 64), pixelSize),
    'vae decoder': () => vae.decode(new Float32Array(4 * 8 * 8).fill(0.1), size),
    async unet() {
      await model.unet();
      return new Float32Array();
    },
  };
  const results: NonNullable<StageResult['components']> = {};
  for (const component of order.components) {
    const begin = work[component];
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

self.onmessage = async ({ data }: MessageEvent<StageOrder>) => {
  // What is prepared already would be found in no time.
  if (data.stage === 'prepare') for (const name of await store.models()) await store.model(name).clear();
  const started = performance.now();
  try {
    const result: Pick<StageResult, 'bytes' | 'components'> =
      data.stage === 'sessions'
        ? { bytes: 0, components: await sessions(data) }
        : { bytes: await (data.stage === 'plain' ? plain : prepare)(data) };
    const seconds = (performance.now() - started) / 1000;
    // Room for the next stage; not part of what is timed.
    if (data.stage === 'plain') await store.model('plain').clear();
    self.postMessage({ ...result, seconds, memory: memoryFigures() } satisfies StageResult);
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
};
