/**
 * The autoencoder in tiles against diffusers 0.36.0 with `enable_tiling`, on WASM in float32: tiles of 64 pixels over
 * 88 × 112. Values: `python tools/goldens/tiles.py`. Tolerance: 1e-4, the largest absolute error.
 */
import { describe, expect, it } from 'vitest';
import {
  goldenConfig,
  goldenValues,
  goldenWeights,
  maxError,
  openGraph,
  type RunningGraph,
} from '../../test/support/goldenGraph';
import { buildVaeDecoder, buildVaeEncoder } from '../graph/networks/autoencoderKl';
import { wasmTarget } from '../graph/onnx/targets';
import { parseVaeConfig } from '../model/configs/autoencoderKl';
import type { Vae, VaeTiles } from './model';
import { decodeLatents, encodePicture } from './tiling';

const TOLERANCE = 1e-4;
const size = { width: 88, height: 112 };
const latentSize = { width: 11, height: 14 };
const { signal } = new AbortController();

interface Opened {
  vae(tiles: VaeTiles): Vae;
  /** Sizes that the networks ran at. */
  ran: string[];
  release(): Promise<void>;
}

async function open(model: 'sd15-inpaint' | 'sdxl'): Promise<Opened> {
  const { index, files } = goldenWeights(model, 'vae');
  const config = parseVaeConfig(goldenConfig(model, 'vae'));
  const encoder = await openGraph(buildVaeEncoder(config, index, wasmTarget), files);
  const decoder = await openGraph(buildVaeDecoder(config, index, wasmTarget), files);
  const ran: string[] = [];
  const running =
    (graph: RunningGraph, input: string, output: string, channels: number): Vae['encode'] =>
    async (values, { width, height }) => {
      ran.push(`${width} × ${height}`);
      const result = (await graph.run({ [input]: { dims: [1, channels, height, width], values } }))[output];
      if (!(result?.values instanceof Float32Array)) throw new Error(`no ${output}`);
      return result.values;
    };
  return {
    ran,
    vae: (tiles) => ({
      scalingFactor: 1,
      latentChannels: 4,
      downscale: 8,
      tiles,
      encode: running(encoder, 'pixels', 'moments', 3),
      decode: running(decoder, 'latents', 'pixels', 4),
      dispose: async () => {},
    }),
    async release() {
      await encoder.release();
      await decoder.release();
    },
  };
}

function floats(values: Float32Array | Int32Array): Float32Array {
  if (values instanceof Float32Array) return values;
  throw new Error('not float32');
}

describe.each(['sd15-inpaint', 'sdxl'] as const)('%s', (model) => {
  it('gives the moments and the picture of diffusers in tiles, and others than the whole', async () => {
    const opened = await open(model);
    const value = goldenValues(`vae-tiles-${model}`);
    const [pixels, latents] = [floats(value('pixels').values), floats(value('latents').values)];
    const tiled = opened.vae({ encoder: 64, decoder: 64 });

    const moments = value('moments');
    const found = await encodePicture(tiled, pixels, size, signal);
    expect(maxError({ dims: moments.dims, values: found }, moments)).toBeLessThan(TOLERANCE);
    // Every 48 pixels, up to the image's edge.
    expect(opened.ran.splice(0)).toEqual(['64 × 64', '40 × 64', '64 × 64', '40 × 64', '64 × 16', '40 × 16']);

    const picture = value('decoded');
    const decoded = await decodeLatents(tiled, latents, latentSize, signal);
    expect(maxError({ dims: picture.dims, values: decoded }, picture)).toBeLessThan(TOLERANCE);
    expect(opened.ran.splice(0)).toEqual(['8 × 8', '5 × 8', '8 × 8', '5 × 8', '8 × 2', '5 × 2']);

    // As large as the image or larger: no tiles, and group norms see something else.
    const roomy = opened.vae({ encoder: 128, decoder: 128 });
    const whole = await decodeLatents(roomy, latents, latentSize, signal);
    expect(opened.ran.splice(0)).toEqual(['11 × 14']);
    expect(maxError({ dims: picture.dims, values: whole }, picture)).toBeGreaterThan(100 * TOLERANCE);
    await opened.release();
  });
});

it('stops between two tiles', async () => {
  const controller = new AbortController();
  let runs = 0;
  const vae: Vae = {
    scalingFactor: 1,
    latentChannels: 4,
    downscale: 8,
    tiles: { decoder: 64 },
    encode: async () => new Float32Array(),
    async decode(_, { width, height }) {
      runs++;
      controller.abort();
      return new Float32Array(3 * 64 * width * height);
    },
    dispose: async () => {},
  };
  const decoding = decodeLatents(
    vae,
    new Float32Array(4 * 16 * 16),
    { width: 16, height: 16 },
    controller.signal,
  );
  await expect(decoding).rejects.toMatchObject({ name: 'AbortError' });
  expect(runs).toBe(1);
});
