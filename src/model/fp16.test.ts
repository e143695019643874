/**
 * Networks and whole pictures in float16 on WebGPU, which is what most users run: the build of ONNX Runtime that ships, on
 * Mesa's llvmpipe under Node, against diffusers' float32 values (which our graphs on WASM give to 1e-4, and whose pictures
 * they give to 60 dB: graph/goldens.test.ts, pipeline/inpaint.golden.test.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  goldenConfig,
  goldenModels,
  goldenValues,
  goldenWeights,
  type Tensor,
} from '../../test/support/goldenGraph';
import { goldenPictures, paintGolden } from '../../test/support/goldenPictures';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import { type NodeWebgpu, openNodeWebgpu } from '../../test/support/nodeWebgpu';
import { openOnWebgpu, webgpuTarget, weightsIn } from '../../test/support/webgpuGraph';
import { buildClipText } from '../graph/networks/clipText';
import { folderFiles } from '../node/folder';
import { InpaintCache } from '../pipeline/inpaint';
import { parseClipTextConfig } from './configs/clipText';
import { Runtime } from './runtime/session';

/** Against float32; the acceptance threshold of the project. */
const MIN_PSNR_DB = 35;

/** 9 channels, 4 channels, v-prediction; the rest differs in the scheduler, which runs in float64 anyway. */
const chosen = ['own-pndm', '4-own-pndm', 'v-own-ddim-trailing'];

const found = await openNodeWebgpu();

describe.skipIf('skip' in found)('float16 on llvmpipe', { timeout: 900_000 }, () => {
  let webgpu: NodeWebgpu;
  let device: GPUDevice;
  beforeAll(async () => {
    if ('skip' in found) return;
    webgpu = found.webgpu;
    device = await webgpu.openDevice({ subgroups: false });
  });
  afterAll(() => device.destroy());

  it.each(goldenModels)('gives the text embeddings of %s', async (model) => {
    const { index, files } = weightsIn('fp16', goldenWeights(model, 'text_encoder'));
    const value = goldenValues(`clip-${model}`);
    const config = parseClipTextConfig(goldenConfig(model, 'text_encoder'));
    const graph = buildClipText(config, index, webgpuTarget('fp16', true));
    const running = await openOnWebgpu(webgpu, device, graph, files);
    const outputs = await running.run({ input_ids: value('input_ids') });
    const ratio = signalToNoise(outputs.last_hidden_state, value('last_hidden_state'));
    console.info(`${model}: text embeddings ${ratio.toFixed(1)} dB`);
    expect(ratio, 'dB').toBeGreaterThan(45);
  });

  it.each(goldenPictures.filter(({ name }) => chosen.includes(name)))(
    'paints the picture "$name"',
    async (golden) => {
      const runtime = new Runtime(webgpu.ort, webgpuTarget('fp16', true), device);
      const call = { signal: new AbortController().signal, onProgress: () => {} };
      const model = await loadDiffusion(folderFiles(`goldens/models/${golden.model}`), runtime, call);
      const ratio = await paintGolden(model, golden, new InpaintCache());
      console.info(`${golden.name}: ${ratio.toFixed(1)} dB`);
      expect(ratio, 'dB').toBeGreaterThan(MIN_PSNR_DB);
    },
  );
});

/** Signal's over error's mean square, in dB; −∞ where shapes differ or a value is not a number. */
function signalToNoise(found: Tensor | undefined, expected: Tensor): number {
  if (found?.dims.join() !== expected.dims.join()) return Number.NEGATIVE_INFINITY;
  let signal = 0;
  let noise = 0;
  for (const [index, value] of expected.values.entries()) {
    signal += value * value;
    noise += ((found.values[index] ?? Number.NaN) - value) ** 2;
  }
  return Number.isNaN(noise) ? Number.NEGATIVE_INFINITY : 10 * Math.log10(signal / noise);
}
