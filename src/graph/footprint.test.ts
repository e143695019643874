import { describe, expect, it } from 'vitest';
import { footprint } from './footprint';
import { attention, convolution, linear } from './layers/nn';
import { GraphBuilder } from './onnx/builder';
import { recordTensors } from './onnx/tensors';
import type { GraphTarget, Precision } from './onnx/types';

const targetOf = (precision: Precision, provider: GraphTarget['provider'] = 'wasm'): GraphTarget => ({
  provider,
  precision,
  forms: { multiHeadAttention: provider === 'webgpu', groupNorm: false, biasSplitGelu: false },
});

function builder(precision: Precision, provider?: GraphTarget['provider']): GraphBuilder {
  return new GraphBuilder('test', recordTensors(precision), targetOf(precision, provider));
}

describe('footprint', () => {
  it('counts a linear layer: weights, and rows on both sides of it', () => {
    const g = builder('fp32');
    const x = g.input('x', 'float32', ['rows', 8]);
    g.output('y', linear(g, 'layer', x, { in: 8, out: 16 }), ['rows', 16]);
    // Weight 16·8 and bias 16 floats: 144 · 4 = 576. With 10 rows x is 320 bytes and the product 640; the Cast to the
    // output, which comes after x is gone, has 640 beside the product's 640.
    expect(footprint(g.finish(), { rows: 10 })).toEqual({
      weightBytes: 576,
      activationBytes: 1280,
      largest: { bytes: 640, name: 'layer/Gemm' },
    });
  });

  it('counts halves in fp16, and float32 at the borders', () => {
    const g = builder('fp16');
    const x = g.input('x', 'float32', ['rows', 8]);
    g.output('y', linear(g, 'layer', x, { in: 8, out: 16 }), ['rows', 16]);
    // 144 · 2 = 288. 10 rows: x 320, cast 160; the product 320; the output in float32 640 beside it.
    expect(footprint(g.finish(), { rows: 10 })).toMatchObject({ weightBytes: 288, activationBytes: 960 });
  });

  it('counts the scores of plain attention, and none of the fused form', () => {
    const peak = (provider: GraphTarget['provider']) => {
      const g = builder('fp32', provider);
      const tensors = {
        query: g.input('q', 'float32', ['batch', 'n', 32]),
        key: g.input('k', 'float32', ['batch', 'n', 32]),
        value: g.input('v', 'float32', ['batch', 'n', 32]),
      };
      g.output('y', attention(g, tensors, { heads: 4, width: 32 }), ['batch', 'n', 32]);
      return footprint(g.finish(), { batch: 2, n: 256 });
    };
    // One tensor of tokens: 2·256·32 floats = 65,536 bytes. Scores: 2·4·256·256 floats = 2,097,152, twice while the
    // softmax runs, beside the value alone (query and key are read).
    expect(peak('wasm')).toMatchObject({
      activationBytes: 2 * 2_097_152 + 65_536,
      largest: { bytes: 2_097_152 },
    });
    // q, k, v and the result; then q, k and v are gone and the output's Cast stands beside the result.
    expect(peak('webgpu').activationBytes).toBe(4 * 65_536);
  });

  it('follows pictures through strides, and keeps what is read later', () => {
    const g = builder('fp32');
    const x = g.input('x', 'float32', [1, 4, 'height', 'width']);
    const wide = convolution(g, 'a', x, { in: 4, out: 8 });
    const small = convolution(g, 'b', wide, { in: 8, out: 8, stride: 2 });
    const again = convolution(g, 'c', small, { in: 8, out: 8, stride: 2 });
    const pooled = g.node('Reshape', [again, g.ints(1, -1)]);
    const flat = g.node('Reshape', [wide, g.ints(1, -1)]);
    g.output('y', g.node('Concat', [pooled, flat], { attributes: { axis: 1 } }), [1, 'n']);
    // 16 × 16: x 4,096; a 8,192, kept to the end; b (8 × 8) 2,048; c (4 × 4) 512; Concat and its Cast 8,704 each,
    // when only they are left: 17,408. Before: 8,192 + 512 + 8,704 = 17,408 too.
    expect(footprint(g.finish(), { height: 16, width: 16 }).activationBytes).toBe(17_408);
  });

  it('names an input whose size nobody gave', () => {
    const g = builder('fp32');
    g.output('y', g.input('x', 'float32', ['rows', 8]), ['rows', 8]);
    expect(() => footprint(g.finish(), {})).toThrow('no size for "rows" of input "x"');
  });
});
