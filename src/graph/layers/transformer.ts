/** diffusers' Transformer2DModel with its BasicTransformerBlocks: attention within a picture and to the text. */
import type { GraphBuilder, Value } from '../onnx/builder';
import {
  attention,
  geglu,
  groupNorm,
  linear,
  shapedLike,
  toChannelsFirst,
  toChannelsLast,
  toRows,
  withLastAxis,
} from './nn';
import { addAndNorm, type Residual, sumOf } from './residual';

export interface TransformerOptions {
  channels: number;
  heads: number;
  /** Transformer blocks. */
  depth: number;
  contextWidth: number;
  groups: number;
  linearProjection: boolean;
  upcast: boolean;
  /** Positions of the picture at the size that the model was trained at. */
  usualTokens: number;
}

const NORM_EPSILON = 1e-6;
const LAYER_NORM_EPSILON = 1e-5;
/** The feed-forward part's inner width, in channels. */
const FEED_FORWARD = 4;

/**
 * Attends, and adds the result to its input.
 * @param x [B, channels, h, w]
 * @param text [B, S, contextWidth]
 */
export function spatialTransformer(
  g: GraphBuilder,
  key: string,
  x: Value,
  text: Value,
  options: TransformerOptions,
): Value {
  const { channels, groups, heads } = options;
  // Each head has as many channels as divide evenly: where some are over, the blocks are narrower than the picture.
  const inner = heads * Math.floor(channels / heads);
  return g.scope(key, () => {
    const normalized = groupNorm(g, 'norm', x, { channels, groups, epsilon: NORM_EPSILON });
    const picture = toChannelsLast(g, normalized); // [B, h, w, channels]
    const tokens = g.node('Reshape', [picture, g.ints(0, -1, channels)]); // [B, N, channels]
    // A 1×1 convolution over channels-last pixels is a Linear: one form serves both kinds of projection.
    const asConvolution = !options.linearProjection;
    const { contextWidth } = options;
    const shapes: Shapes = {
      tokens: withLastAxis(g, tokens, channels, inner),
      words: toRows(g, text, contextWidth),
      memory: withLastAxis(g, text, contextWidth, inner),
    };
    const entry = { in: channels, out: inner, asConvolution };
    let residual: Residual = { rows: linear(g, 'proj_in', toRows(g, picture, channels), entry) };
    for (let block = 0; block < options.depth; block++) {
      residual = g.scope(`transformer_blocks.${block}`, () =>
        transformerBlock(g, residual, shapes, { ...options, channels: inner }),
      );
    }
    const exit = { in: inner, out: channels, asConvolution };
    const projected = linear(g, 'proj_out', sumOf(g, residual), exit);
    const result = shapedLike(g, projected, picture, 'picture');
    return g.node('Add', [toChannelsFirst(g, result), x]);
  });
}

interface Shapes {
  /** [B, N, channels of all heads]: only its shape is read. */
  tokens: Value;
  /** The text, [B·S, contextWidth]. */
  words: Value;
  /** [B, S, channels of all heads]: only its shape is read. */
  memory: Value;
}

/** @param input rows [B·N, channels] */
function transformerBlock(
  g: GraphBuilder,
  input: Residual,
  shapes: Shapes,
  options: TransformerOptions,
): Residual {
  const { channels, contextWidth } = options;
  const { tokens, words, memory } = shapes;
  const norm = (key: string, residual: Residual) =>
    addAndNorm(g, key, residual, { width: channels, epsilon: LAYER_NORM_EPSILON });

  // 1. Within the picture
  const own = norm('norm1', input);
  const within = { tokens, memory: tokens };
  const seen = attend(g, 'attn1', own.normalized, own.normalized, channels, within, options);

  // 2. To the text
  const query = norm('norm2', { rows: own.rows, pending: seen });
  const read = attend(g, 'attn2', query.normalized, words, contextWidth, { tokens, memory }, options);

  // 3. Feed forward
  const last = norm('norm3', { rows: query.rows, pending: read });
  const inner = FEED_FORWARD * channels;
  const gated = geglu(g, 'ff.net.0.proj', last.normalized, { in: channels, inner });
  return { rows: last.rows, pending: linear(g, 'ff.net.2', gated, { in: inner, out: channels }) };
}

function attend(
  g: GraphBuilder,
  key: string,
  from: Value,
  to: Value,
  toWidth: number,
  shapes: Pick<Shapes, 'tokens' | 'memory'>,
  options: TransformerOptions,
): Value {
  const { channels, heads, upcast, usualTokens } = options;
  const isWithin = shapes.memory === shapes.tokens;
  return g.scope(key, () => {
    const project = (name: string, rows: Value, width: number, like: Value) =>
      shapedLike(g, linear(g, name, rows, { in: width, out: channels, bias: false }), like, 'tokens');
    const tensors = {
      query: project('to_q', from, channels, shapes.tokens),
      key: project('to_k', to, toWidth, shapes.memory),
      value: project('to_v', to, toWidth, shapes.memory),
    };
    const mixed = attention(g, tensors, {
      heads,
      width: channels,
      upcast,
      // Words are few.
      ...(isWithin && { usual: { queries: usualTokens, keys: usualTokens } }),
    });
    return linear(g, 'to_out.0', toRows(g, mixed, channels), { in: channels, out: channels });
  });
}
