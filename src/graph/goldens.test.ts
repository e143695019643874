/**
 * Graphs against diffusers 0.36.0 and transformers 4.57.6, on WASM in float32.
 * Values: `python tools/goldens/models.py`. Tolerance: 1e-4, the largest absolute error.
 */
import { describe, expect, it } from 'vitest';
import {
  type GoldenModel,
  goldenConfig,
  goldenModels,
  goldenValues,
  goldenWeights,
  maxError,
  openGraph,
  runOnce,
  type Tensor,
} from '../../test/support/goldenGraph';
import { parseVaeConfig } from '../model/configs/autoencoderKl';
import { parseClipTextConfig } from '../model/configs/clipText';
import { parseUnet2dConfig } from '../model/configs/unet2d';
import { buildVaeDecoder, buildVaeEncoder } from './networks/autoencoderKl';
import { buildClipText, eosRows } from './networks/clipText';
import { buildUnet2d, type Unet2dConfig } from './networks/unet2d';
import { readModel } from './onnx/proto';
import { wasmTarget } from './onnx/targets';

const TOLERANCE = 1e-4;

describe.each(goldenModels)('%s', (model) => {
  it.each([
    ['last', 'last_hidden_state'],
    ['penultimate', 'penultimate'],
  ] as const)('gives the text embeddings of transformers: %s hidden state', async (hiddenState, name) => {
    const { index, files } = goldenWeights(model, 'text_encoder');
    const config = parseClipTextConfig(goldenConfig(model, 'text_encoder'));
    const value = goldenValues(`clip-${model}`);
    const graph = buildClipText(config, index, wasmTarget, { hiddenState });
    const found = await runOnce(graph, files, { input_ids: value('input_ids') }, 'last_hidden_state');
    expect(maxError(found, value(name))).toBeLessThan(TOLERANCE);
  });

  it('gives the UNet output of diffusers: batches of one and two, square, wide and odd sizes', async () => {
    await expectGoldenUnet(model, parseUnet2dConfig(goldenConfig(model, 'unet')));
  });

  it('gives the VAE moments and pictures of diffusers, square and not', async () => {
    const { index, files } = goldenWeights(model, 'vae');
    const config = parseVaeConfig(goldenConfig(model, 'vae'));
    const value = goldenValues(`vae-${model}`);
    const encoder = await openGraph(buildVaeEncoder(config, index, wasmTarget), files);
    const decoder = await openGraph(buildVaeDecoder(config, index, wasmTarget), files);
    for (const size of ['square', 'tall']) {
      const { moments } = await encoder.run({ pixels: value(`${size}.pixels`) });
      expect(moments && maxError(moments, value(`${size}.moments`)), size).toBeLessThan(TOLERANCE);
      const { pixels } = await decoder.run({ latents: value(`${size}.latents`) });
      expect(pixels && maxError(pixels, value(`${size}.decoded`)), size).toBeLessThan(TOLERANCE);
    }
    await encoder.release();
    await decoder.release();
  });
});

it.each(['sdxl-inpaint', 'sdxl'] as const)(
  'gives the second text encoder’s states and pooled output: %s',
  async (model) => {
    const { index, files } = goldenWeights(model, 'text_encoder_2');
    const config = parseClipTextConfig(goldenConfig(model, 'text_encoder_2'), 'text_encoder_2');
    const value = goldenValues(`clip2-${model}`);
    const inputIds = value('input_ids');
    if (!(inputIds.values instanceof Int32Array)) throw new Error('input_ids are int32');
    const outputs = { hiddenState: 'penultimate', pooled: true } as const;
    const running = await openGraph(
      buildClipText(config, index, wasmTarget, outputs, 'text_encoder_2'),
      files,
    );
    const rows = eosRows(inputIds.values, config);
    const found = await running.run({
      input_ids: inputIds,
      eos_rows: { dims: [rows.length], values: rows },
    });
    await running.release();
    const { last_hidden_state: states, pooled } = found;
    expect(states && maxError(states, value('penultimate'))).toBeLessThan(TOLERANCE);
    expect(pooled && maxError(pooled, value('pooled'))).toBeLessThan(TOLERANCE);
  },
);

it.each([
  ['sd15-inpaint', 64],
  ['sdxl', 128],
] as const)(
  'gives it in slices too, as graphs are built of models that see many tokens at once: %s',
  async (model, sampleSize) => {
    const config = parseUnet2dConfig(goldenConfig(model, 'unet'));
    const softmaxes = (nodes: readonly { op: string }[]) => nodes.filter(({ op }) => op === 'Softmax').length;
    const whole = await expectGoldenUnet(model, config);
    const sliced = await expectGoldenUnet(model, { ...config, sampleSize });
    expect(softmaxes(sliced)).toBeGreaterThan(softmaxes(whole) * 2);
  },
);

/** @returns the graph's nodes */
async function expectGoldenUnet(model: GoldenModel, config: Unet2dConfig) {
  const { index, files } = goldenWeights(model, 'unet');
  const value = goldenValues(`unet-${model}`);
  const graph = buildUnet2d(config, index, wasmTarget);
  const running = await openGraph(graph, files);
  for (const size of ['square', 'wide', 'odd']) {
    const sample = value(`${size}.sample`);
    const [batch = 0] = sample.dims;
    const { prediction } = await running.run({
      ...splitChannels(sample, config.outChannels),
      timestep: value(`${size}.timestep`),
      encoder_hidden_states: firstRows(value('encoder_hidden_states'), batch),
      ...(config.textTime && {
        text_embeds: firstRows(value('text_embeds'), batch),
        time_ids: firstRows(value('time_ids'), batch),
      }),
    });
    expect(prediction && maxError(prediction, value(`${size}.prediction`)), size).toBeLessThan(TOLERANCE);
  }
  await running.release();
  return readModel(graph.bytes).nodes;
}

function firstRows({ dims, values }: Tensor, rows: number): Tensor {
  const [batch = 1, ...rest] = dims;
  return { dims: [rows, ...rest], values: values.slice(0, (values.length / batch) * rows) };
}

/** The UNet's channels as its two inputs take them: latents, and mask with masked-image latents. */
function splitChannels({ dims, values }: Tensor, latents: number): Record<string, Tensor> {
  const [batch = 0, channels = 0, height = 0, width = 0] = dims;
  if (channels === latents) return { sample: { dims, values } };
  const plane = height * width;
  const part = (from: number, to: number): Tensor => {
    const picked = new Float32Array(batch * (to - from) * plane);
    for (let row = 0; row < batch; row++) {
      const start = (row * channels + from) * plane;
      picked.set(values.subarray(start, start + (to - from) * plane), row * (to - from) * plane);
    }
    return { dims: [batch, to - from, height, width], values: picked };
  };
  return { sample: part(0, latents), mask_latents: part(latents, channels) };
}
