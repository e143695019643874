/** What a checkpoint that does not fit its configuration is answered with. */
import { describe, expect, it } from 'vitest';
import { goldenConfig, goldenWeights, maxError, pseudoRandom, runOnce } from '../../test/support/goldenGraph';
import { parseVaeConfig } from '../model/configs/autoencoderKl';
import { parseUnet2dConfig } from '../model/configs/unet2d';
import { buildVaeDecoder, buildVaeEncoder } from './networks/autoencoderKl';
import { buildUnet2d } from './networks/unet2d';
import { wasmTarget } from './onnx/targets';
import { GraphError } from './onnx/tensors';

const config = parseUnet2dConfig(goldenConfig('sd15', 'unet'));
const key = 'down_blocks.0.resnets.1.conv1.weight';

function changed(change: (index: ReturnType<typeof goldenWeights>['index']) => void) {
  const { index } = goldenWeights('sd15', 'unet');
  change(index);
  return () => buildUnet2d(config, index, wasmTarget);
}

describe('a tensor', () => {
  it('that is missing is named with its component and shape', () => {
    const build = changed((index) => index.delete(key));
    expect(build).toThrow(GraphError);
    expect(build).toThrow(`unet: tensor "${key}" F32 [16, 16, 3, 3] is missing from the checkpoint`);
  });

  it('of another shape is named with both shapes', () => {
    const build = changed((index) => {
      const entry = index.get(key);
      if (entry) index.set(key, { ...entry, shape: [16, 16, 1, 9] });
    });
    expect(build).toThrow(`unet: tensor "${key}" is F32 [16, 16, 1, 9]`);
    expect(build).toThrow('asks for F32 [16, 16, 3, 3]');
  });

  it('of another precision is named with both', () => {
    const build = changed((index) => {
      const entry = index.get(key);
      if (entry) index.set(key, { ...entry, dtype: 'F16' });
    });
    expect(build).toThrow(`unet: tensor "${key}" is F16 [16, 16, 3, 3]`);
  });

  it('whose bytes are too few for its shape is named', () => {
    const build = changed((index) => {
      const entry = index.get(key);
      if (entry) index.set(key, { ...entry, length: entry.length - 4 });
    });
    expect(build).toThrow(`unet: tensor "${key}" is F32 [16, 16, 3, 3] in 9212 bytes`);
  });

  it('that the network has no place for is named', () => {
    const build = changed((index) => {
      const entry = index.get(key);
      if (entry) index.set('down_blocks.0.motion_modules.0.weight', entry);
    });
    expect(build).toThrow('unet: tensor "down_blocks.0.motion_modules.0.weight" [16, 16, 3, 3] has no place');
  });
});

describe('an autoencoder', () => {
  const vaeConfig = parseVaeConfig(goldenConfig('sd15', 'vae'));
  const latents = pseudoRandom([1, 4, 8, 8], 1);

  it('with the old names of its attention gives the same picture', async () => {
    const { index, files } = goldenWeights('sd15', 'vae');
    const old = new Map(
      [...index].map(([name, entry]) => [
        name
          .replace('.to_q.', '.query.')
          .replace('.to_k.', '.key.')
          .replace('.to_v.', '.value.')
          .replace('.to_out.0.', '.proj_attn.'),
        entry,
      ]),
    );
    expect(old.has('decoder.mid_block.attentions.0.proj_attn.weight')).toBe(true);
    const expected = await runOnce(
      buildVaeDecoder(vaeConfig, index, wasmTarget),
      files,
      { latents },
      'pixels',
    );
    const found = await runOnce(buildVaeDecoder(vaeConfig, old, wasmTarget), files, { latents }, 'pixels');
    expect(maxError(found, expected)).toBe(0);
  });

  it('without quant_conv is built without it', () => {
    const { index } = goldenWeights('sd15', 'vae');
    for (const name of [...index.keys()]) if (name.includes('quant_conv')) index.delete(name);
    expect(() => buildVaeEncoder(vaeConfig, index, wasmTarget)).toThrow('"quant_conv.weight"');
    const without = parseVaeConfig({
      ...goldenConfig('sd15', 'vae'),
      use_quant_conv: false,
      use_post_quant_conv: false,
    });
    expect(buildVaeEncoder(without, index, wasmTarget).outputNames).toEqual(['moments']);
    expect(buildVaeDecoder(without, index, wasmTarget).outputNames).toEqual(['pixels']);
  });

  it('takes several pictures at once', async () => {
    const { index, files } = goldenWeights('sd15', 'vae');
    const graph = buildVaeDecoder(vaeConfig, index, wasmTarget);
    const other = pseudoRandom([1, 4, 8, 8], 2);
    const both = { dims: [2, 4, 8, 8], values: Float32Array.of(...latents.values, ...other.values) };
    const found = await runOnce(graph, files, { latents: both }, 'pixels');
    const second = await runOnce(graph, files, { latents: other }, 'pixels');
    const half = { dims: second.dims, values: found.values.slice(found.values.length / 2) };
    expect(maxError(half, second)).toBeLessThan(1e-5);
  });
});

describe('one row of latents', () => {
  it('serves every row of the text', async () => {
    const { index, files } = goldenWeights('sd2-inpaint', 'unet');
    const graph = buildUnet2d(parseUnet2dConfig(goldenConfig('sd2-inpaint', 'unet')), index, wasmTarget);
    const sample = pseudoRandom([1, 4, 8, 8], 3);
    const mask = pseudoRandom([1, 5, 8, 8], 4);
    const rest = {
      timestep: { dims: [1], values: Float32Array.of(500) },
      encoder_hidden_states: pseudoRandom([2, 77, 32], 5),
    };
    const twice = ({ dims: [, ...rest], values }: typeof sample) => ({
      dims: [2, ...rest],
      values: Float32Array.of(...values, ...values),
    });
    const found = await runOnce(graph, files, { sample, mask_latents: mask, ...rest }, 'prediction');
    const expected = await runOnce(
      graph,
      files,
      { sample: twice(sample), mask_latents: twice(mask), ...rest },
      'prediction',
    );
    expect(found.dims).toEqual([2, 4, 8, 8]);
    expect(maxError(found, expected)).toBe(0);
  });
});
