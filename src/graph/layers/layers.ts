/** Parts that the UNet and the autoencoder share. */
import type { GraphBuilder, Value } from '../onnx/builder';
import { type Activation, activation, convolution, groupNorm, linear } from './nn';

export interface ResnetOptions {
  in: number;
  out: number;
  groups: number;
  epsilon: number;
  act: Activation;
  /** Activated time embedding [1 or B, channels]; the autoencoder has none. */
  time?: { rows: Value; channels: number };
}

/** Norm, activation, then the layer of the key: what every resnet does twice, and every network at its end. */
export function normActivate(
  g: GraphBuilder,
  key: string,
  x: Value,
  options: { channels: number; groups: number; epsilon: number; act: Activation },
): Value {
  const silu = options.act === 'silu';
  const normalized = groupNorm(g, key, x, { ...options, silu });
  return silu ? normalized : activation(g, options.act, normalized);
}

/** diffusers' ResnetBlock2D: [B, in, h, w] → [B, out, h, w]. */
export function resnet(g: GraphBuilder, key: string, x: Value, options: ResnetOptions): Value {
  const { out, time } = options;
  return g.scope(key, () => {
    let hidden = normActivate(g, 'norm1', x, { ...options, channels: options.in });
    hidden = convolution(g, 'conv1', hidden, { in: options.in, out });
    if (time !== undefined) {
      const shift = linear(g, 'time_emb_proj', time.rows, { in: time.channels, out });
      hidden = g.node('Add', [hidden, g.node('Reshape', [shift, g.ints(-1, out, 1, 1)])]);
    }
    hidden = normActivate(g, 'norm2', hidden, { ...options, channels: out });
    hidden = convolution(g, 'conv2', hidden, { in: out, out });
    const shortcut =
      options.in === out ? x : convolution(g, 'conv_shortcut', x, { in: options.in, out, kernel: 1 });
    return g.node('Add', [shortcut, hidden]);
  });
}
