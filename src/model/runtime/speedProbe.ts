/**
 * How fast this device computes, before any model was downloaded: one residual block and one transformer block, with the
 * channels of Stable Diffusion's and weights of one value, timed by the clock. Convolutions are 6 of 10 operations in it
 * and products of matrices most of the rest, about as in the whole UNet, so operations per second can be carried over; what
 * is left out (moving weights, the autoencoder, other sizes) makes an estimate that is right within a factor of about two.
 */
import { resnet } from '../../graph/layers/layers';
import { convolution } from '../../graph/layers/nn';
import { spatialTransformer } from '../../graph/layers/transformer';
import { GraphBuilder } from '../../graph/onnx/builder';
import { recordTensors } from '../../graph/onnx/tensors';
import { type Graph, type GraphTarget, storedAs, storedSize } from '../../graph/onnx/types';
import type { Runtime } from './session';

/** Of a prompt in CLIP: positions, and the width of Stable Diffusion 1's. */
const WORDS = 77;
const WORD_WIDTH = 768;
const HEADS = 8;
const OUT_CHANNELS = 4;
/** Sides in latent pixels: the next one is tried while the clock and the start of kernels count too much. */
const SIDES = [16, 32] as const;
const LONG_ENOUGH_MS = 60;
/** The shortest of these: anything else on the machine only makes a run longer. */
const TIMED_RUNS = 2;

interface ProbeSizes {
  rows: number;
  channels: number;
}

/** On the CPU 14 MB of weights, which WASM's memory does not give back; on a GPU enough work to fill it. */
function sizesFor({ provider }: GraphTarget): ProbeSizes {
  return provider === 'wasm' ? { rows: 1, channels: 320 } : { rows: 2, channels: 640 };
}

/** @param side of the picture, in latent pixels @returns floating point operations of one run */
export function probeOperations({ rows, channels }: ProbeSizes, side: number): number {
  const pixels = rows * side * side;
  const square = 2 * pixels * channels * channels;
  // Projections in and out, query, key, value and output for pixels, query and output for words; GEGLU to 8 and back from 4.
  const linears = (2 + 4 + 2 + 12) * square;
  const words = 2 * 2 * rows * WORDS * WORD_WIDTH * channels;
  const attention = 2 * 2 * pixels * channels * (side * side + WORDS);
  const convolutions = 2 * 9 * square + 2 * pixels * 9 * channels * OUT_CHANNELS;
  return convolutions + linears + words + attention;
}

/**
 * @param now a clock in milliseconds
 * @returns floating point operations per second
 * @throws DeviceError if the device is lost or has no memory for it
 */
export async function measureSpeed(runtime: Runtime, now: () => number): Promise<number> {
  const sizes = sizesFor(runtime.target);
  const { graph, weights } = probeGraph(runtime.target, sizes.channels);
  const session = await runtime.createSession('speed measurement', graph, new Map([weights]));
  try {
    return await climb(sizes, async (side) => {
      const x = runtime.upload(filled(sizes.rows * sizes.channels * side * side), [
        sizes.rows,
        sizes.channels,
        side,
        side,
      ]);
      const text = runtime.upload(filled(sizes.rows * WORDS * WORD_WIDTH), [sizes.rows, WORDS, WORD_WIDTH]);
      try {
        const from = now();
        await session.read({ x, text }, 'y');
        return now() - from;
      } finally {
        x.dispose();
        text.dispose();
      }
    });
  } finally {
    await session.dispose();
  }
}

/** @param run runs once at that side @returns operations per second at the first side that takes long enough */
export async function climb(sizes: ProbeSizes, run: (side: number) => Promise<number>): Promise<number> {
  let speed = 0;
  for (const side of SIDES) {
    // Kernels are compiled during the first.
    await run(side);
    let shortestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < TIMED_RUNS; i++) shortestMs = Math.min(shortestMs, await run(side));
    // Coarse clocks may say 0.
    speed = probeOperations(sizes, side) / (Math.max(shortestMs, 0.1) / 1000);
    if (shortestMs >= LONG_ENOUGH_MS) break;
  }
  return speed;
}

function filled(length: number): Float32Array {
  return new Float32Array(length).fill(0.5);
}

function probeGraph(
  target: GraphTarget,
  channels: number,
): { graph: Graph; weights: [path: string, bytes: Uint8Array<ArrayBuffer>] } {
  const tensors = recordTensors(target.precision);
  const g = new GraphBuilder('speed', tensors, target);
  const x = g.input('x', 'float32', ['rows', channels, 'height', 'width']);
  const text = g.input('text', 'float32', ['rows', 'words', WORD_WIDTH]);
  let hidden = resnet(g, 'resnet', x, {
    in: channels,
    out: channels,
    groups: 32,
    epsilon: 1e-5,
    act: 'silu',
  });
  hidden = spatialTransformer(g, 'attention', hidden, text, {
    channels,
    heads: HEADS,
    depth: 1,
    contextWidth: WORD_WIDTH,
    groups: 32,
    linearProjection: false,
    upcast: false,
    usualTokens: SIDES[0] ** 2,
  });
  const y = convolution(g, 'out', hidden, { in: channels, out: OUT_CHANNELS });
  g.output('y', y, ['rows', OUT_CHANNELS, 'height', 'width']);
  const graph = g.finish();
  const dtype = storedAs[target.precision];
  const length = [...tensors.shapes.values()].reduce((sum, shape) => sum + storedSize(dtype, shape), 0);
  const bytes = new Uint8Array(length);
  // 0.01 everywhere: products neither vanish into slow subnormal numbers nor overflow 16 bits.
  if (target.precision === 'fp16') new Uint16Array(bytes.buffer).fill(0x211f);
  else new Float32Array(bytes.buffer).fill(0.01);
  return { graph, weights: [graph.paths[0] ?? '', bytes] };
}
