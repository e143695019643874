/** `config.json` of a CLIP text encoder: checked, transformers' defaults filled in, as the graph wants it. */
import { z } from 'zod';
import type { ClipTextConfig } from '../../graph/networks/clipText';
import { activation, count, countUpTo, epsilon, headCount, MAX, only, parse, withDefault } from './fields';

const textSchema = z.object({
  architectures: withDefault(z.array(z.string()), []),
  model_type: only('clip_text_model'),
  vocab_size: withDefault(countUpTo(MAX.vocabulary), 49_408),
  hidden_size: withDefault(count, 512),
  intermediate_size: withDefault(count, 2048),
  num_hidden_layers: withDefault(countUpTo(MAX.layers), 12),
  num_attention_heads: withDefault(headCount, 8),
  max_position_embeddings: withDefault(countUpTo(MAX.positions), 77),
  hidden_act: activation('quick_gelu'),
  layer_norm_eps: withDefault(epsilon, 1e-5),
  eos_token_id: withDefault(z.number().int().min(0).max(MAX.vocabulary), 49_407),
  projection_dim: withDefault(count, 512),
});

/**
 * `text_encoder/config.json` and `text_encoder_2/config.json`.
 * @param component what errors call it
 * @throws CheckpointError naming the first field that is wrong or asks for what graphs cannot do
 */
export function parseClipTextConfig(json: unknown, component = 'text_encoder'): ClipTextConfig {
  const raw = parse(component, textSchema, json);
  return {
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    length: raw.max_position_embeddings,
    act: raw.hidden_act,
    layerNormEpsilon: raw.layer_norm_eps,
    eosTokenId: raw.eos_token_id,
    // Every file names a projection_dim; only this class has the layer.
    ...(raw.architectures.includes('CLIPTextModelWithProjection') && { projection: raw.projection_dim }),
  };
}
