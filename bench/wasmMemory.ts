/**
 * How much of WASM's 4 GiB full-size networks take, and how long an evaluation is, under Node, with the page's ONNX
 * Runtime and session options: `tsx bench/wasmMemory.ts FAMILY SIDE [component …]`, e.g. `sd15-inpaint 512 unet`.
 * Weights are zeros: they take no memory outside WASM, and no kernel is faster for them. Appends the measurements to
 * bench/results/wasm-memory.json, next to the estimate of graph/footprint.ts for the same graph.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { footprint } from '../src/graph/footprint';
import { buildVaeDecoder, buildVaeEncoder } from '../src/graph/networks/autoencoderKl';
import { buildClipText } from '../src/graph/networks/clipText';
import { buildUnet2d } from '../src/graph/networks/unet2d';
import { recordTensors, type TensorSource } from '../src/graph/onnx/tensors';
import type { Graph, GraphTarget } from '../src/graph/onnx/types';
import { parseVaeConfig } from '../src/model/configs/autoencoderKl';
import { parseClipTextConfig } from '../src/model/configs/clipText';
import { parseUnet2dConfig } from '../src/model/configs/unet2d';
import type { Feed } from '../src/model/runtime/session';
import { type Family, familyFiles } from '../test/support/hub/families';
import { wasmBytes } from './wasmBytes';

const SHARD_BYTES = 2 ** 30;
const resultsPath = fileURLToPath(new URL('results/wasm-memory.json', import.meta.url));

const [family = 'sd15-inpaint', sideText = '512', ...wanted] = process.argv.slice(2);
const side = Number(sideText);
const { createNodeRuntime } = await import('../src/node/ort');
const runtime = await createNodeRuntime();
const { target } = runtime;

/** Every requested tensor, in files of at most 1 GiB. */
function zeros(): { tensors: TensorSource; files: Map<string, Uint8Array<ArrayBuffer>> } {
  const recorded = recordTensors(target.precision, /\.(query|key|value|proj_attn)\./);
  const sizes: number[] = [];
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const tensors: TensorSource = {
    has: recorded.has,
    take(key, shape) {
      const entry = recorded.take(key, shape);
      const last = sizes.at(-1);
      if (last === undefined || last + entry.length > SHARD_BYTES) sizes.push(0);
      const offset = sizes.at(-1) ?? 0;
      sizes[sizes.length - 1] = offset + entry.length;
      return { ...entry, path: `zeros-${sizes.length}`, offset };
    },
    finish() {
      sizes.forEach((size, i) => {
        files.set(`zeros-${i + 1}`, new Uint8Array(size));
      });
    },
  };
  return { tensors, files };
}

interface Network {
  build(tensors: TensorSource, target: GraphTarget): Graph;
  dims: Record<string, number>;
  feeds: Record<string, Feed>;
}

function networks(): Record<string, Network> {
  const { configs } = familyFiles(family as Family);
  const text = parseClipTextConfig(configs.get('text_encoder/config.json'), 'text_encoder');
  const unet = parseUnet2dConfig(configs.get('unet/config.json'));
  const vae = parseVaeConfig(configs.get('vae/config.json'));
  const latent = side / 8;
  const floats = (...dims: number[]): Feed => ({
    values: new Float32Array(dims.reduce((product, size) => product * size, 1)).fill(0.5),
    dims,
  });
  const extra = unet.inChannels - 4;
  const width = unet.downBlocks[0]?.attention?.contextWidth ?? 0;
  return {
    text_encoder: {
      build: (tensors) => buildClipText(text, tensors, target, { hiddenState: 'last' }),
      dims: { batch: 2 },
      feeds: { input_ids: { values: new Int32Array(2 * text.length), dims: [2, text.length] } },
    },
    'vae encoder': {
      build: (tensors) => buildVaeEncoder(vae, tensors, target),
      dims: { batch: 1, width: side, height: side },
      feeds: { pixels: floats(1, 3, side, side) },
    },
    unet: {
      build: (tensors) => buildUnet2d(unet, tensors, target),
      dims: { batch: 2, sample_batch: 1, mask_batch: 1, tokens: 77, width: latent, height: latent },
      feeds: {
        sample: floats(1, 4, latent, latent),
        ...(extra > 0 && { mask_latents: floats(1, extra, latent, latent) }),
        timestep: floats(1),
        encoder_hidden_states: floats(2, 77, width),
      },
    },
    'vae decoder': {
      build: (tensors) => buildVaeDecoder(vae, tensors, target),
      dims: { batch: 1, latent_width: latent, latent_height: latent },
      feeds: { latents: floats(1, 4, latent, latent) },
    },
  };
}

// One network after another. WASM's memory never shrinks, so one network per process is most accurate.
const before: unknown[] = JSON.parse(await readFile(resultsPath, 'utf8').catch(() => '[]'));
for (const [component, { build, dims, feeds }] of Object.entries(networks())) {
  if (wanted.length > 0 && !wanted.includes(component)) continue;
  const { tensors, files } = zeros();
  const graph = build(tensors, target);
  const { weightBytes, activationBytes } = footprint(graph, dims);
  const started = performance.now();
  const session = await runtime.createSession(component, graph, files);
  files.clear();
  const createdSeconds = (performance.now() - started) / 1000;
  const createdBytes = wasmBytes();
  const seconds: number[] = [];
  // Twice, because what the first run leaves behind must not add to the second.
  for (let run = 0; run < 2; run++) {
    const begun = performance.now();
    for (const output of Object.values(await session.run(feeds))) output.dispose();
    seconds.push((performance.now() - begun) / 1000);
  }
  const entry = {
    date: new Date().toISOString(),
    family,
    side,
    component,
    estimatedBytes: { weights: weightBytes, activations: activationBytes },
    wasmBytes: { created: createdBytes, ran: wasmBytes() },
    seconds: { created: createdSeconds, runs: seconds },
    machine: `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  };
  console.log(JSON.stringify(entry));
  before.push(entry);
  await session.dispose();
}
await mkdir(fileURLToPath(new URL('results', import.meta.url)), { recursive: true });
await writeFile(resultsPath, `${JSON.stringify(before, null, 2)}\n`);
process.exit(0);
