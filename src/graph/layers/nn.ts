/**
 * The layers, and the one place that knows which form of a layer is best on which provider and in which
 * precision. Pictures are [B, C, h, w]. Tokens travel as rows [B·N, C], as Gemm wants them; only
 * attention needs to know where one image's rows end, and takes that from the run-time shape of a tensor that it has.
 */
import type { GraphBuilder, Value } from '../onnx/builder';
import { GraphError } from '../onnx/tensors';

export type Activation = 'silu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'relu';

/** @returns of the same shape as `x` */
export function activation(g: GraphBuilder, kind: Activation, x: Value): Value {
  switch (kind) {
    // One kernel on both providers, where Sigmoid and Mul would be two passes over memory.
    case 'silu':
      return g.node('QuickGelu', [x], { domain: 'com.microsoft', attributes: { alpha: { float: 1 } } });
    case 'quick_gelu':
      return g.node('QuickGelu', [x], { domain: 'com.microsoft', attributes: { alpha: { float: 1.702 } } });
    case 'gelu':
      return g.node('Gelu', [x]);
    case 'gelu_tanh':
      return g.node('Gelu', [x], { attributes: { approximate: 'tanh' } });
    case 'relu':
      return g.node('Relu', [x]);
    default:
      throw new GraphError(`unknown activation "${kind satisfies never}"`);
  }
}

export interface ConvolutionOptions {
  in: number;
  out: number;
  kernel?: number;
  stride?: number;
  /** Rows or columns of zeros at the top, left, bottom and right. */
  pads?: readonly [number, number, number, number];
}

/** A two-dimensional convolution with a bias: [B, in, h, w] → [B, out, h', w']. */
export function convolution(g: GraphBuilder, key: string, x: Value, options: ConvolutionOptions): Value {
  const { out, kernel = 3, stride = 1 } = options;
  const border = (kernel - 1) / 2;
  const { pads = [border, border, border, border] } = options;
  return g.scope(key, () => {
    const weight = g.weight('weight', [out, options.in, kernel, kernel]);
    // ONNX Runtime's WebGPU Conv is silently wrong for some numbers of input channels that four does not
    // divide (9, the inpainting UNets', among them): channels of zeros change nothing and avoid it. Only
    // first layers have such numbers, so the weight that is padded when the session is created is small.
    const missing = g.target.provider === 'webgpu' ? (4 - (options.in % 4)) % 4 : 0;
    const inputs = [x, weight].map((value) => (missing === 0 ? value : padChannels(g, value, missing)));
    return g.node('Conv', [...inputs, g.weight('bias', [out])], {
      attributes: {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads,
        dilations: [1, 1],
        group: 1,
      },
    });
  });
}

/** Appends channels of zeros to axis 1. */
function padChannels(g: GraphBuilder, x: Value, count: number): Value {
  return g.node('Pad', [x, g.ints(0, 0, 0, 0, 0, count, 0, 0)]);
}

export interface LinearOptions {
  in: number;
  out: number;
  bias?: boolean;
  /** The file holds the weight as a 1×1 convolution, [out, in, 1, 1]. */
  asConvolution?: boolean;
}

/**
 * Rows times an [out, in] weight as the file has it: [R, in] → [R, out]. A Gemm with a transposed weight,
 * since a Transpose of our own would be folded and bring the weight back to the CPU.
 */
export function linear(g: GraphBuilder, key: string, rows: Value, options: LinearOptions): Value {
  const { out, bias = true, asConvolution = false } = options;
  return g.scope(key, () => {
    const shape = asConvolution ? [out, options.in, 1, 1] : [out, options.in];
    const weight = g.weight('weight', shape, [out, options.in]);
    return g.node('Gemm', [rows, weight, bias ? g.weight('bias', [out]) : undefined], {
      attributes: { transB: 1 },
    });
  });
}

export interface GroupNormOptions {
  channels: number;
  groups: number;
  epsilon: number;
  /** SiLU follows. */
  silu?: boolean;
}

/** Normalizes groups of channels: [B, C, h, w] → the same. */
export function groupNorm(g: GraphBuilder, key: string, x: Value, options: GroupNormOptions): Value {
  const { channels, groups, epsilon, silu = false } = options;
  if (channels % groups !== 0) {
    throw new GraphError(
      `norm_num_groups: ${groups} groups do not divide the ${channels} channels of "${key}"`,
    );
  }
  return g.scope(key, () => {
    if (g.target.provider === 'webgpu' && g.target.forms.groupNorm) {
      // Between two convolutions these Transposes cancel against those of the provider's own layout.
      const normalized = g.node(
        'GroupNorm',
        [toChannelsLast(g, x), g.weight('weight', [channels]), g.weight('bias', [channels])],
        {
          domain: 'com.microsoft',
          attributes: { epsilon: { float: epsilon }, groups, activation: silu ? 1 : 0, channels_last: 1 },
        },
      );
      return toChannelsFirst(g, normalized);
    }
    const ones = g.constant(new Array<number>(groups).fill(1));
    const zeros = g.constant(new Array<number>(groups).fill(0));
    const grouped = g.node('Reshape', [x, g.ints(0, groups, -1)]);
    const normalized = g.node('InstanceNormalization', [grouped, ones, zeros], {
      attributes: { epsilon: { float: epsilon } },
    });
    const picture = shapedLike(g, normalized, x, 'picture');
    const scaled = g.node('Mul', [picture, g.weight('weight', [channels], [channels, 1, 1])]);
    const shifted = g.node('Add', [scaled, g.weight('bias', [channels], [channels, 1, 1])]);
    return silu ? activation(g, 'silu', shifted) : shifted;
  });
}

/** Normalizes each row: […, width] → the same. */
export function layerNorm(g: GraphBuilder, key: string, x: Value, width: number, epsilon: number): Value {
  return g.scope(key, () =>
    g.node('LayerNormalization', [x, g.weight('weight', [width]), g.weight('bias', [width])], {
      attributes: { axis: -1, epsilon: { float: epsilon } },
    }),
  );
}

/** Linear to twice `inner`, then the first half times GELU of the second: [R, in] → [R, inner]. */
export function geglu(
  g: GraphBuilder,
  key: string,
  rows: Value,
  options: { in: number; inner: number },
): Value {
  const { inner } = options;
  if (g.target.provider === 'webgpu' && g.target.forms.biasSplitGelu) {
    const projected = linear(g, key, rows, { in: options.in, out: 2 * inner, bias: false });
    return g.scope(key, () => {
      const batched = g.node('Reshape', [projected, g.ints(1, -1, 2 * inner)]);
      const gated = g.node('BiasSplitGelu', [batched, g.weight('bias', [2 * inner])], {
        domain: 'com.microsoft',
      });
      return g.node('Reshape', [gated, g.ints(-1, inner)]);
    });
  }
  // Each half of the weight's rows on its own: one product would be as much work, and have to be split afterwards, which
  // reads and writes the widest tensor of the network once more.
  return g.scope(key, () => {
    const half = (from: number) => {
      const weight = g.weightRows('weight', [2 * inner, options.in], [from, from + inner]);
      const bias = g.weightRows('bias', [2 * inner], [from, from + inner]);
      return g.node('Gemm', [rows, weight, bias], { attributes: { transB: 1 } });
    };
    return g.node('Mul', [half(0), activation(g, 'gelu', half(inner))]);
  });
}

export interface AttentionOptions {
  heads: number;
  /** Channels of all heads together. */
  width: number;
  /** Token n sees tokens 0 … n only; there are `causalLength` of them. */
  causalLength?: number;
  /** Computes in float32 whatever the network's precision (`upcast_attention`). */
  upcast?: boolean;
  /**
   * Queries and keys of one row at the size that the model was trained at, where they can be many: in plain operators
   * the queries are then attended to slice by slice. Any other size runs in the same slices.
   */
  usual?: { queries: number; keys: number };
}

/** What one slice's scores may take: of SD 1.5 at 512 px they would be 1 GiB, and the softmax has them twice. */
export const SCORES_BYTES = 2 ** 26;

/** How often to halve the queries so that the scores of a guided step, two rows in float32, stay within that. */
function halvingsFor(heads: number, { queries, keys }: { queries: number; keys: number }): number {
  const bytes = 2 * heads * queries * keys * 4;
  return Math.max(0, Math.ceil(Math.log2(bytes / SCORES_BYTES)));
}

/** Softmax(q·kᵀ/√d)·v per head: query [B, N, width], key and value [B, S, width] → [B, N, width]. */
export function attention(
  g: GraphBuilder,
  tensors: { query: Value; key: Value; value: Value },
  options: AttentionOptions,
): Value {
  const { heads, width, causalLength, upcast = false, usual } = options;
  if (width % heads !== 0) throw new GraphError(`${heads} attention heads do not divide ${width} channels`);
  const [query, key, value] = [tensors.query, tensors.key, tensors.value].map((tensor) =>
    upcast ? g.cast(tensor, 'float32') : tensor,
  ) as [Value, Value, Value];
  if (g.target.provider === 'webgpu' && g.target.forms.multiHeadAttention) {
    const mixed = g.node('MultiHeadAttention', [query, key, value], {
      domain: 'com.microsoft',
      attributes: { num_heads: heads, unidirectional: causalLength === undefined ? 0 : 1 },
    });
    return g.cast(mixed, g.float);
  }
  const headSize = width / heads;
  const split = (tensor: Value, perm: readonly number[]) =>
    g.node('Transpose', [g.node('Reshape', [tensor, g.ints(0, 0, heads, headSize)])], {
      attributes: { perm },
    });
  const scale = g.constant([1 / Math.sqrt(headSize)], [], query.element);
  const scaled = g.node('Mul', [split(query, [0, 2, 1, 3]), scale]);
  const keys = split(key, [0, 2, 3, 1]);
  const values = split(value, [0, 2, 1, 3]);
  const halvings = usual === undefined ? 0 : halvingsFor(heads, usual);
  const mixed = inSlices(g, scaled, 4, halvings, (queries) => {
    let scores = g.node('MatMul', [queries, keys]); // [B, heads, N / 2^halvings, S]
    if (causalLength !== undefined)
      scores = g.node('Add', [scores, causalMask(g, causalLength, query.element)]);
    const weights = g.node('Softmax', [scores], { attributes: { axis: -1 } });
    return g.node('MatMul', [weights, values]);
  });
  const merged = g.node('Transpose', [mixed], { attributes: { perm: [0, 2, 1, 3] } });
  return g.cast(g.node('Reshape', [merged, g.ints(0, 0, width)]), g.float);
}

function causalMask(g: GraphBuilder, length: number, element: Value['element']): Value {
  const values = new Float32Array(length * length);
  // Far below every score, and within the range of float16.
  for (let row = 0; row < length; row++) values.fill(-10_000, row * length + row + 1, (row + 1) * length);
  return g.constant(values, [length, length], element);
}

/**
 * Does something to 2^halvings slices of a tensor's rows and joins what comes out. Halving suits every
 * length, since Split makes its last part smaller; but it refuses parts of nothing, so rows of zeros go along.
 * @param x its rows are the last axis but one, as those of the results
 */
function inSlices(
  g: GraphBuilder,
  x: Value,
  rank: 3 | 4,
  halvings: number,
  work: (slice: Value) => Value,
): Value {
  if (halvings === 0) return work(x);
  const axis = rank - 2;
  const extra = 2 ** halvings - 1;
  const pads = new Array<number>(2 * rank).fill(0).with(rank + axis, extra);
  const halve = (rows: Value, times: number): Value => {
    if (times === 0) return work(rows);
    const halves = g.pair('Split', [rows], { attributes: { axis, num_outputs: 2 } });
    return g.node(
      'Concat',
      halves.map((half) => halve(half, times - 1)),
      { attributes: { axis } },
    );
  };
  const done = halve(g.node('Pad', [x, g.ints(...pads)]), halvings);
  return g.node('Slice', [done, g.ints(0), g.ints(-extra), g.ints(axis)]);
}

/**
 * Attention with one wide head, as the autoencoder has it, over queries in 2^halvings slices: the scores of
 * one slice are all that exists at a time. Flash attention would split 512 channels over a buffer of several
 * gigabytes at 1024 px.
 */
export function slicedAttention(
  g: GraphBuilder,
  tensors: { query: Value; key: Value; value: Value },
  options: { width: number; halvings: number },
): Value {
  const scale = g.constant([1 / Math.sqrt(options.width)], []);
  const scaled = g.node('Mul', [tensors.query, scale]);
  const transposed = g.node('Transpose', [tensors.key], { attributes: { perm: [0, 2, 1] } });
  return inSlices(g, scaled, 3, options.halvings, (query) => {
    const scores = g.node('MatMul', [query, transposed]); // [B, N / 2^halvings, N]
    const weights = g.node('Softmax', [scores], { attributes: { axis: -1 } });
    return g.node('MatMul', [weights, tensors.value]);
  });
}

/**
 * Doubles both sides, repeating pixels: [B, C, h, w] → [B, C, 2h, 2w].
 * @param like has the wanted sides, which are one less where they are odd: the same pixels but for the last row or column,
 *   since 2i ⋅ h / (2h − 1) is never as much as i + 1 while i < h
 */
export function upsample(g: GraphBuilder, x: Value, like?: Value): Value {
  const attributes = {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  };
  if (like === undefined) {
    const scales = g.constant([1, 1, 2, 2], [4], 'float32');
    return g.node('Resize', [x, undefined, scales], { attributes });
  }
  // One channel says it all, and is cheaper to bring into the layout that its shape is read in.
  const channel = g.node('Slice', [like, g.ints(0), g.ints(1), g.ints(1)]);
  return g.node('Resize', [x, undefined, undefined, pictureShape(g, channel, 2)], {
    attributes: { ...attributes, axes: [2, 3] },
  });
}

/** [B, C, h, w] → [B, h, w, C] */
export function toChannelsLast(g: GraphBuilder, x: Value): Value {
  return g.node('Transpose', [x], { attributes: { perm: [0, 2, 3, 1] } });
}

/** [B, h, w, C] → [B, C, h, w] */
export function toChannelsFirst(g: GraphBuilder, x: Value): Value {
  return g.node('Transpose', [x], { attributes: { perm: [0, 3, 1, 2] } });
}

/** Any shape with `width` last → [R, width] */
export function toRows(g: GraphBuilder, x: Value, width: number): Value {
  return g.node('Reshape', [x, g.ints(-1, width)]);
}

/**
 * The same values in the run-time shape of another tensor.
 * @param kind what that tensor is: rows of tokens (rank 3) or a picture (rank 4)
 */
export function shapedLike(g: GraphBuilder, x: Value, like: Value, kind: 'tokens' | 'picture'): Value {
  if (kind === 'picture') return g.node('Reshape', [x, pictureShape(g, like, 0)]);
  return g.node('Reshape', [x, g.node('Shape', [like], { element: 'int64' })]);
}

/**
 * The run-time sizes of a picture's axes from `start` on. Shape straight after a convolution or a Transpose becomes
 * Shape and Gather when ONNX Runtime moves the layout's Transposes past it, and Gather on int64 runs on the CPU; they
 * do not move past a Reshape.
 */
function pictureShape(g: GraphBuilder, picture: Value, start: number): Value {
  const anchored = g.node('Reshape', [picture, g.ints(0, 0, 0, 0, 1)]);
  return g.node('Shape', [anchored], { attributes: { start, end: 4 }, element: 'int64' });
}

/**
 * A tensor of the same shape but for its last axis, whose contents are never read: what `shapedLike` needs where
 * there is no tensor of the wanted shape. It is one small copy on the GPU; arithmetic on shapes would be
 * nodes on the CPU.
 * @param x […, from] of rank 3
 */
export function withLastAxis(g: GraphBuilder, x: Value, from: number, to: number): Value {
  if (from > to) return g.node('Slice', [x, g.ints(0), g.ints(to), g.ints(2)]);
  return from === to ? x : g.node('Pad', [x, g.ints(0, 0, 0, 0, 0, to - from)]);
}

/**
 * Repeats a tensor of one row for every row of another.
 * @param x [1 or B, …] of rank 4
 * @param like [B, N, C]
 */
export function repeatRows(g: GraphBuilder, x: Value, like: Value): Value {
  const corner = g.node('Slice', [like, g.ints(0, 0), g.ints(1, 1), g.ints(1, 2)]); // [B, 1, 1]
  const rows = g.node('Reshape', [corner, g.ints(0, 1, 1, 1)]); // [B, 1, 1, 1]
  return g.node('Expand', [x, g.node('Shape', [rows], { element: 'int64' })]);
}
