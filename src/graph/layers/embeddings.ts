/** The sinusoidal embedding of timesteps and sizes, as diffusers' `get_timestep_embedding`, in float32. */
import type { GraphBuilder, Value } from '../onnx/builder';

export interface SinusoidalOptions {
  /** Even. */
  channels: number;
  /** Cosines before sines. */
  flipSinToCos: boolean;
  freqShift: number;
}

const MAX_PERIOD = 10_000;
/** 2π in two parts: multiples of the first, up to 2^15, are exact in float32. */
const TWO_PI_HIGH = 6.28125;
const TWO_PI_LOW = 2 * Math.PI - TWO_PI_HIGH;

/**
 * @param values float32 [R, 1]
 * @returns float32 [R, channels]
 */
export function sinusoidal(g: GraphBuilder, values: Value, options: SinusoidalOptions): Value {
  const { channels, flipSinToCos, freqShift } = options;
  const half = channels / 2;
  // Rounded where torch rounds: at timestep 1000 the last bit of a frequency is 1e-4 of the angle.
  const scale = Math.fround(-Math.log(MAX_PERIOD));
  const frequencies = Float32Array.from({ length: half }, (_, index) =>
    Math.exp(Math.fround(Math.fround(scale * index) / Math.fround(half - freqShift))),
  );
  const angles = g.node('Mul', [values, g.constant(frequencies, [1, half], 'float32')]);
  // WGSL promises accuracy of sin and cos within −π … π only, so whole turns are taken off first.
  const turns = g.node('Floor', [
    g.node('Add', [g.node('Mul', [angles, scalar(g, 1 / (2 * Math.PI))]), scalar(g, 0.5)]),
  ]);
  const coarse = g.node('Sub', [angles, g.node('Mul', [turns, scalar(g, TWO_PI_HIGH)])]);
  const reduced = g.node('Sub', [coarse, g.node('Mul', [turns, scalar(g, TWO_PI_LOW)])]);
  const waves = [g.node('Sin', [reduced]), g.node('Cos', [reduced])];
  if (flipSinToCos) waves.reverse();
  return g.node('Concat', waves, { attributes: { axis: -1 } });
}

function scalar(g: GraphBuilder, value: number): Value {
  return g.constant([value], [], 'float32');
}
