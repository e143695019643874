/**
 * Layers of nn.ts that the canary does not check, each alone in float16 on WebGPU (Mesa's llvmpipe under Node), with
 * every node on the GPU, against the same layer on WASM in float32. (The canary's own: model/runtime/canary.fp16.test.ts.)
 * Tolerance: the largest error over the root mean square, 2e-2; nothing but rounding to 11 bits, and sums in float16.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOnce } from '../../../test/support/goldenGraph';
import { type NodeWebgpu, openNodeWebgpu } from '../../../test/support/nodeWebgpu';
import { openOnWebgpu, webgpuTarget } from '../../../test/support/webgpuGraph';
import { checkGraph } from '../../model/runtime/canaryChecks';
import { exactValues, relativeError, type Sample } from '../../model/runtime/canaryMath';
import type { GraphBuilder, Value } from '../onnx/builder';
import { wasmTarget } from '../onnx/targets';
import * as nn from './nn';

const found = await openNodeWebgpu();

interface Layer {
  feeds: Record<string, Sample>;
  weights?: Record<string, Sample>;
  body(g: GraphBuilder, inputs: (name: string) => Value): Value;
  /** In plain operators on the GPU too. */
  plain?: true;
}

const picture = exactValues([2, 8, 6, 10], 1);
const wide = {
  q: exactValues([1, 60, 64], 2, 1 / 16),
  k: exactValues([1, 60, 64], 3),
  v: exactValues([1, 60, 64], 4),
};
const layers: Record<string, Layer> = {
  gelu: { feeds: { x: picture }, body: (g, input) => nn.activation(g, 'gelu', input('x')) },
  'gelu, tanh form': { feeds: { x: picture }, body: (g, input) => nn.activation(g, 'gelu_tanh', input('x')) },
  'quick gelu': { feeds: { x: picture }, body: (g, input) => nn.activation(g, 'quick_gelu', input('x')) },
  relu: { feeds: { x: picture }, body: (g, input) => nn.activation(g, 'relu', input('x')) },
  'convolution that halves': {
    feeds: { x: picture },
    weights: { 'c.weight': exactValues([16, 8, 3, 3], 5, 1 / 128), 'c.bias': exactValues([16], 6) },
    body: (g, input) => nn.convolution(g, 'c', input('x'), { in: 8, out: 16, stride: 2, pads: [0, 0, 1, 1] }),
  },
  'convolution of one pixel': {
    feeds: { x: picture },
    weights: { 'c.weight': exactValues([16, 8, 1, 1], 7, 1 / 128), 'c.bias': exactValues([16], 8) },
    body: (g, input) => nn.convolution(g, 'c', input('x'), { in: 8, out: 16, kernel: 1 }),
  },
  'sliced attention': {
    feeds: wide,
    body: (g, input) =>
      nn.slicedAttention(
        g,
        { query: input('q'), key: input('k'), value: input('v') },
        { width: 64, halvings: 2 },
      ),
  },
  'attention in float32 (upcast)': {
    feeds: wide,
    body: (g, input) =>
      nn.attention(
        g,
        { query: input('q'), key: input('k'), value: input('v') },
        { heads: 1, width: 64, upcast: true },
      ),
  },
  // More slices than there are queries; in float32, since float16 softmaxes differ by themselves.
  'attention of several heads in slices': {
    feeds: wide,
    plain: true,
    body: (g, input) =>
      nn.attention(
        g,
        { query: input('q'), key: input('k'), value: input('v') },
        { heads: 4, width: 64, upcast: true, usual: { queries: 16384, keys: 16384 } },
      ),
  },
  'upsampling to twice the size': { feeds: { x: picture }, body: (g, input) => nn.upsample(g, input('x')) },
  'upsampling to an odd size': {
    feeds: { x: picture, like: exactValues([2, 8, 11, 19], 9) },
    body: (g, input) => nn.upsample(g, input('x'), input('like')),
  },
  'shape of another tensor': {
    feeds: { x: exactValues([2, 60, 8], 10), like: picture },
    body: (g, input) => nn.shapedLike(g, input('x'), input('like'), 'picture'),
  },
  'last axis widened': {
    feeds: { x: exactValues([2, 60, 8], 11) },
    body: (g, input) => nn.withLastAxis(g, input('x'), 8, 12),
  },
  'one row repeated': {
    feeds: { like: exactValues([2, 7, 8], 12), x: exactValues([1, 5, 6, 10], 13) },
    body: (g, input) => nn.repeatRows(g, input('x'), input('like')),
  },
};

describe.skipIf('skip' in found)('in float16 on llvmpipe', { timeout: 600_000 }, () => {
  let webgpu: NodeWebgpu;
  let device: GPUDevice;
  beforeAll(async () => {
    if ('skip' in found) return;
    webgpu = found.webgpu;
    device = await webgpu.openDevice({ subgroups: false });
  });
  afterAll(() => device.destroy());

  it.each(Object.entries(layers))('%s', async (_name, { feeds, weights = {}, body, plain = false }) => {
    const build = (target: typeof wasmTarget) =>
      checkGraph(target, feeds, weights, (g, inputs) =>
        body(g, (input) => {
          const value = inputs[input];
          if (value === undefined) throw new Error(`no input ${input}`);
          return value;
        }),
      );
    const reference = build(wasmTarget);
    const expected = await runOnce(reference.graph, reference.files, feeds, 'y');
    const half = build(webgpuTarget('fp16', !plain));
    const running = await openOnWebgpu(webgpu, device, half.graph, half.files);
    const { y } = await running.run(feeds);
    expect(y?.dims).toEqual(expected.dims);
    expect(relativeError(y?.values ?? [], Float64Array.from(expected.values))).toBeLessThan(2e-2);
  });
});
