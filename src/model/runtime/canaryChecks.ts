/** The canary's tiny graphs: each is one layer of `nn.ts` with its inputs, its weights and the expected output. */

import {
  activation,
  attention,
  convolution,
  geglu,
  groupNorm,
  layerNorm,
  linear,
} from '../../graph/layers/nn';
import { addAndNorm } from '../../graph/layers/residual';
import { GraphBuilder, type Value } from '../../graph/onnx/builder';
import { checkpointTensors } from '../../graph/onnx/tensors';
import { type Forms, type Graph, type GraphTarget, storedAs, type TensorEntry } from '../../graph/onnx/types';
import { castBytes } from '../weights/cast';
import {
  attentionRows,
  convolution3x3,
  exactValues,
  gatedRows,
  groupNormValues,
  linearRows,
  relativeError,
  type Sample,
} from './canaryMath';

/** A graph with one output, `y`, run once. */
export interface CheckGraph {
  graph: Graph;
  /** External data by path. */
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  feeds: Readonly<Record<string, Sample>>;
}

export interface Check {
  name: string;
  /** The fused form whose use it decides; absent for layers that have one form only. */
  form?: keyof Forms;
  build(target: GraphTarget): CheckGraph;
  expected(): Float64Array;
}

/**
 * Largest error over the expected values' root mean square. Measured on right kernels (docs/webgpu.md): at most 7e-6 in
 * float32; in float16 1.2e-2, but 6e-2 for attention in plain operators, whose sums over all keys are float16 too.
 * Wrong flash attention measures 0.6 to 1.4.
 */
function tolerance(check: Check, { precision, forms }: GraphTarget): number {
  if (precision === 'fp32') return 1e-3;
  return check.form === 'multiHeadAttention' && !forms.multiHeadAttention ? 0.15 : 3e-2;
}

/** Whether a device's result is close enough to what the check expects. */
export function passes(check: Check, found: ArrayLike<number>, target: GraphTarget): boolean {
  return relativeError(found, check.expected()) <= tolerance(check, target);
}

const WEIGHTS_PATH = 'canary.safetensors';

/** Builds a graph whose weights are in one in-memory file, in the target's precision. */
export function checkGraph(
  target: GraphTarget,
  feeds: Readonly<Record<string, Sample>>,
  weights: Readonly<Record<string, Sample>>,
  body: (g: GraphBuilder, inputs: Record<string, Value>) => Value,
): CheckGraph {
  const index = new Map<string, TensorEntry>();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [key, { dims, values }] of Object.entries(weights)) {
    const bytes = castBytes(new Uint8Array(values.buffer), 'F32', storedAs[target.precision]);
    const length = bytes.byteLength;
    index.set(key, { dtype: storedAs[target.precision], shape: dims, path: WEIGHTS_PATH, offset, length });
    parts.push(bytes);
    offset += length;
  }
  const file = new Uint8Array(offset);
  let end = 0;
  for (const part of parts) {
    file.set(part, end);
    end += part.byteLength;
  }
  const g = new GraphBuilder('canary', checkpointTensors('canary', index, target.precision, /^$/), target);
  const inputs: Record<string, Value> = {};
  let rank = 0;
  for (const [name, { dims }] of Object.entries(feeds)) {
    // Symbolic except for the channels, as in the real graphs: kernels are chosen without knowing sizes.
    const channels = dims.length === 4 ? 1 : dims.length - 1;
    inputs[name] = g.input(
      name,
      'float32',
      dims.map((size, axis) => (axis === channels ? size : `${name}_${axis}`)),
    );
    rank = dims.length;
  }
  const y = body(g, inputs);
  // Every layer keeps the rank of its inputs.
  g.output(
    'y',
    y,
    Array.from({ length: rank }, (_, axis) => `y_${axis}`),
  );
  return { graph: g.finish(), files: new Map(offset > 0 ? [[WEIGHTS_PATH, file]] : []), feeds };
}

function need(inputs: Record<string, Value>, name: string): Value {
  const value = inputs[name];
  if (value === undefined) throw new TypeError(`no input "${name}"`);
  return value;
}

/** The inpainting UNets' first layer: 9 channels, a number for which ONNX Runtime's own Conv is wrong. */
function convolutionCheck(channels: number): Check {
  const x = exactValues([2, channels, 12, 20], 1);
  const weight = exactValues([16, channels, 3, 3], 2, 1 / 128);
  const bias = exactValues([16], 3);
  return {
    name: `convolution of ${channels} channels`,
    build: (target) =>
      checkGraph(target, { x }, { 'c.weight': weight, 'c.bias': bias }, (g, inputs) =>
        convolution(g, 'c', need(inputs, 'x'), { in: channels, out: 16 }),
      ),
    expected: () => convolution3x3(x, weight, bias),
  };
}

function linearCheck(): Check {
  const rows = exactValues([48, 80], 4);
  const weight = exactValues([64, 80], 5, 1 / 256);
  const bias = exactValues([64], 6);
  return {
    name: 'linear',
    build: (target) =>
      checkGraph(target, { rows }, { 'l.weight': weight, 'l.bias': bias }, (g, inputs) =>
        linear(g, 'l', need(inputs, 'rows'), { in: 80, out: 64 }),
      ),
    expected: () => linearRows(rows, weight, bias),
  };
}

function siluCheck(): Check {
  const x = exactValues([32, 64], 7, 1 / 16);
  return {
    name: 'SiLU',
    build: (target) => checkGraph(target, { x }, {}, (g, inputs) => activation(g, 'silu', need(inputs, 'x'))),
    expected: () => Float64Array.from(x.values, (value) => value / (1 + Math.exp(-value))),
  };
}

function layerNormCheck(): Check {
  const x = exactValues([2, 24, 80], 8, 1 / 16);
  const weight = exactValues([80], 9);
  const bias = exactValues([80], 10);
  return {
    name: 'layer norm',
    build: (target) =>
      checkGraph(target, { x }, { 'n.weight': weight, 'n.bias': bias }, (g, inputs) =>
        layerNorm(g, 'n', need(inputs, 'x'), 80, 1e-5),
      ),
    // A layer norm is a group norm of one group over rows that are images of one pixel.
    expected: () =>
      groupNormValues(
        { dims: [48, 80], values: x.values },
        { weight, bias },
        { groups: 1, epsilon: 1e-5, silu: false },
      ),
  };
}

/** The sum that its kernel gives along is checked too, since the next part of the network adds to it. */
function addAndNormCheck(): Check {
  const rows = exactValues([48, 80], 8, 1 / 32);
  const pending = exactValues([48, 80], 20, 1 / 32);
  const weight = exactValues([80], 9);
  const bias = exactValues([80], 10);
  const sum = rows.values.map((value, at) => value + (pending.values[at] ?? 0));
  return {
    name: 'addition with layer norm',
    build: (target) =>
      checkGraph(target, { rows, pending }, { 'n.weight': weight, 'n.bias': bias }, (g, inputs) => {
        const residual = { rows: need(inputs, 'rows'), pending: need(inputs, 'pending') };
        const added = addAndNorm(g, 'n', residual, { width: 80, epsilon: 1e-5 });
        return g.node('Add', [added.normalized, added.rows]);
      }),
    expected() {
      const sizes = { groups: 1, epsilon: 1e-5, silu: false };
      const normalized = groupNormValues({ dims: [48, 80], values: sum }, { weight, bias }, sizes);
      return normalized.map((value, at) => value + (sum[at] ?? 0));
    },
  };
}

interface AttentionSizes {
  heads: number;
  headSize: number;
  queries: number;
  keys: number;
  causal?: boolean;
}

function attentionCheck({ heads, headSize, queries, keys, causal = false }: AttentionSizes): Check {
  const width = heads * headSize;
  // Scores of about ±3: a softmax that is neither flat nor a single peak.
  const query = exactValues([2, queries, width], 11, 1 / 16);
  const key = exactValues([2, keys, width], 12, 1 / 64);
  const value = exactValues([2, keys, width], 13, 1 / 64);
  return {
    name: `attention, head size ${headSize}, ${queries} × ${keys}${causal ? ', causal' : ''}`,
    form: 'multiHeadAttention',
    build: (target) =>
      checkGraph(target, { query, key, value }, {}, (g, inputs) =>
        attention(
          g,
          { query: need(inputs, 'query'), key: need(inputs, 'key'), value: need(inputs, 'value') },
          { heads, width, ...(causal ? { causalLength: queries } : {}) },
        ),
      ),
    expected: () => attentionRows({ query, key, value }, { heads, causal }),
  };
}

function groupNormCheck(channels: number, silu: boolean): Check {
  // A mean far from 0 shows variances that are computed as differences of squares.
  const centred = exactValues([2, channels, 8, 12], 14, 1 / 32);
  const x = { dims: centred.dims, values: centred.values.map((value) => value + 3) };
  const weight = exactValues([channels], 15);
  const bias = exactValues([channels], 16);
  const sizes = { groups: 32, epsilon: 1e-5, silu };
  return {
    name: `group norm of ${channels} channels${silu ? ' with SiLU' : ''}`,
    form: 'groupNorm',
    build: (target) =>
      checkGraph(target, { x }, { 'n.weight': weight, 'n.bias': bias }, (g, inputs) =>
        groupNorm(g, 'n', need(inputs, 'x'), { channels, ...sizes }),
      ),
    expected: () => groupNormValues(x, { weight, bias }, sizes),
  };
}

function gegluCheck(): Check {
  const rows = exactValues([32, 40], 17);
  const weight = exactValues([320, 40], 18, 1 / 128);
  const bias = exactValues([320], 19);
  return {
    name: 'GEGLU',
    form: 'biasSplitGelu',
    build: (target) =>
      checkGraph(target, { rows }, { 'p.weight': weight, 'p.bias': bias }, (g, inputs) =>
        geglu(g, 'p', need(inputs, 'rows'), { in: 40, inner: 160 }),
      ),
    expected: () => gatedRows(linearRows(rows, weight, bias), 160),
  };
}

/** Layers with one form first, then by form. */
export function allChecks(): readonly Check[] {
  checks ??= listChecks();
  return checks;
}

let checks: readonly Check[] | undefined;

function listChecks(): Check[] {
  const list = [
    convolutionCheck(9),
    convolutionCheck(4),
    linearCheck(),
    siluCheck(),
    layerNormCheck(),
    addAndNormCheck(),
    groupNormCheck(64, false),
    groupNormCheck(320, true),
    gegluCheck(),
    // Stable Diffusion 1's smallest heads and 2's only ones, over pixels, over a prompt, and within the prompt.
    attentionCheck({ heads: 2, headSize: 40, queries: 256, keys: 256 }),
    attentionCheck({ heads: 2, headSize: 40, queries: 256, keys: 77 }),
    attentionCheck({ heads: 2, headSize: 64, queries: 256, keys: 256 }),
    attentionCheck({ heads: 2, headSize: 64, queries: 256, keys: 77 }),
    attentionCheck({ heads: 2, headSize: 64, queries: 77, keys: 77, causal: true }),
  ];
  return list.map((check) => ({ ...check, expected: once(check.expected) }));
}

/** A form and its plain replacement must give the same values: computed once. */
function once<Value>(compute: () => Value): () => Value {
  let value: Value | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}
