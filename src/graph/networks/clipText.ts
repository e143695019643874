/** CLIP's text model, as transformers' CLIPTextModel and CLIPTextModelWithProjection. */

import { type Activation, activation, attention, linear, toRows } from '../layers/nn';
import { addAndNorm, type Residual, sumOf } from '../layers/residual';
import { GraphBuilder, type Value } from '../onnx/builder';
import { checkpointTensors, GraphError, type TensorSource } from '../onnx/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../onnx/types';

export interface ClipTextConfig {
  vocabSize: number;
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  /** Tokens in a row: all rows have this many. */
  length: number;
  act: Activation;
  layerNormEpsilon: number;
  /** Where the pooled output is read; 2 in old files, which means the largest id of a row. */
  eosTokenId: number;
  /** Width of the projected output, in models that have a projection. */
  projection?: number;
}

export interface ClipTextOutputs {
  /** `penultimate`: the layer before the last, without the final norm, as SDXL reads it. */
  hiddenState: 'last' | 'penultimate';
  /** Adds the projected output at the end token, and the input `eos_rows`; see {@link eosRows}. */
  pooled?: boolean;
  /** Adds inputs by which tokens may have vectors that the weights lack: `table_share` and `added_rows`. */
  addsRows?: boolean;
}

/**
 * Inputs: `input_ids` int32 [B, length], and `eos_rows` int32 [B] where pooled. With `addsRows` also `table_share`
 * [B, length, 1], 1 where a token's vector is the table's and 0 where it is not, and `added_rows` [B, length, hiddenSize], which
 * is added: that way the table itself is neither copied nor longer than its file's.
 * Outputs: `last_hidden_state` [B, length, hiddenSize], and `pooled` [B, projection] where asked for.
 * @throws GraphError if tensors or configuration do not fit
 */
export function buildClipText(
  config: ClipTextConfig,
  tensors: TensorIndex | TensorSource,
  target: GraphTarget,
  outputs: ClipTextOutputs = { hiddenState: 'last' },
  component = 'text_encoder',
): Graph {
  const { hiddenState, pooled = false, addsRows = false } = outputs;
  const { hiddenSize, length, layers, layerNormEpsilon, projection } = config;
  const source =
    'take' in tensors
      ? tensors
      : checkpointTensors(component, tensors, target.precision, unreadKeys(config, outputs));
  const g = new GraphBuilder(component, source, target);
  const ids = g.input('input_ids', 'int32', ['batch', length]);

  const states = g.scope('text_model', () => {
    // 1. Token and position embeddings
    const embedded = g.scope('embeddings', () => {
      const table = g.weight('token_embedding.weight', [config.vocabSize, hiddenSize]);
      const positions = g.weight('position_embedding.weight', [length, hiddenSize]);
      const found = g.node('Gather', [table, ids], { element: g.float });
      return g.node('Add', [addsRows ? withAddedRows(g, found, config) : found, positions]);
    });

    // 2. Transformer layers, on rows [B·length, hiddenSize]; the last is left out where nothing reads it
    const states: Residual[] = [{ rows: toRows(g, embedded, hiddenSize) }];
    const needed = pooled || hiddenState === 'last' ? layers : layers - 1;
    for (let layer = 0; layer < needed; layer++) {
      const before = states.at(-1) ?? { rows: embedded };
      states.push(g.scope(`encoder.layers.${layer}`, () => encoderLayer(g, before, config)));
    }
    return states;
  });
  const finalNorm = (residual: Residual) =>
    g.scope('text_model', () => {
      const options = { width: hiddenSize, epsilon: layerNormEpsilon };
      return addAndNorm(g, 'final_layer_norm', residual, options).normalized;
    });
  const state = (index: number): Residual => {
    const found = states[index];
    if (found === undefined) throw new GraphError(`${component}: num_hidden_layers is ${layers}, too few`);
    return found;
  };

  // 3. Outputs
  const chosen = hiddenState === 'last' ? finalNorm(state(layers)) : sumOf(g, state(layers - 1));
  const shaped = g.node('Reshape', [chosen, g.ints(-1, length, hiddenSize)]);
  g.output('last_hidden_state', shaped, ['batch', length, hiddenSize]);
  if (pooled) {
    const rows = g.input('eos_rows', 'int32', ['batch']);
    const all = sumOf(g, state(layers));
    const normalized = finalNorm({ rows: g.node('Gather', [all, rows], { attributes: { axis: 0 } }) });
    const result =
      projection === undefined
        ? normalized
        : linear(g, 'text_projection', normalized, { in: hiddenSize, out: projection, bias: false });
    g.output('pooled', result, ['batch', projection ?? hiddenSize]);
  }
  return g.finish();
}

function withAddedRows(g: GraphBuilder, found: Value, { length, hiddenSize }: ClipTextConfig): Value {
  const share = g.input('table_share', 'float32', ['batch', length, 1]);
  const added = g.input('added_rows', 'float32', ['batch', length, hiddenSize]);
  return g.node('Add', [g.node('Mul', [found, share]), added]);
}

function encoderLayer(g: GraphBuilder, input: Residual, config: ClipTextConfig): Residual {
  const { hiddenSize, intermediateSize, length } = config;
  const norm = { width: hiddenSize, epsilon: config.layerNormEpsilon };
  const { normalized, rows } = addAndNorm(g, 'layer_norm1', input, norm);
  const attended = g.scope('self_attn', () => {
    const project = (key: string) => {
      const projected = linear(g, key, normalized, { in: hiddenSize, out: hiddenSize });
      return g.node('Reshape', [projected, g.ints(-1, length, hiddenSize)]);
    };
    const tensors = { query: project('q_proj'), key: project('k_proj'), value: project('v_proj') };
    const mixed = attention(g, tensors, { heads: config.heads, width: hiddenSize, causalLength: length });
    return linear(g, 'out_proj', toRows(g, mixed, hiddenSize), { in: hiddenSize, out: hiddenSize });
  });
  const second = addAndNorm(g, 'layer_norm2', { rows, pending: attended }, norm);
  const wide = linear(g, 'mlp.fc1', second.normalized, { in: hiddenSize, out: intermediateSize });
  const narrow = linear(g, 'mlp.fc2', activation(g, config.act, wide), {
    in: intermediateSize,
    out: hiddenSize,
  });
  return { rows: second.rows, pending: narrow };
}

/** Keys that a text model's file may hold though the graph asked for does not read them. */
function unreadKeys(config: ClipTextConfig, outputs: ClipTextOutputs): RegExp {
  const patterns = ['text_model\\.embeddings\\.position_ids$', 'logit_scale$'];
  if (!outputs.pooled) {
    patterns.push('text_projection\\.weight$');
    if (outputs.hiddenState === 'penultimate') {
      patterns.push(
        'text_model\\.final_layer_norm\\.',
        `text_model\\.encoder\\.layers\\.${config.layers - 1}\\.`,
      );
    }
  }
  return new RegExp(`^(${patterns.join('|')})`);
}

/**
 * Where each row's pooled output is read, as an index into all rows of tokens: the input `eos_rows`.
 * @param inputIds [batch × length]
 */
export function eosRows(
  inputIds: Int32Array,
  config: Pick<ClipTextConfig, 'length' | 'eosTokenId'>,
): Int32Array {
  const { length, eosTokenId } = config;
  return Int32Array.from({ length: inputIds.length / length }, (_, row) => {
    const ids = inputIds.subarray(row * length, (row + 1) * length);
    // Files from before transformers 4.30 say 2, and mean the largest id: the end token of CLIP's vocabulary.
    const position = eosTokenId === 2 ? ids.indexOf(Math.max(...ids)) : Math.max(0, ids.indexOf(eosTokenId));
    return row * length + position;
  });
}
