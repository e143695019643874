/**
 * CLIP's text encoder in a single file (SD 1.x: `cond_stage_model.transformer.…`, SDXL's first:
 * `conditioner.embedders.0.transformer.…`): transformers' own keys behind a prefix.
 */
import type { IndexedTensor } from '../reader';
import { addOnce, type Component, countWhile, type OriginalPart, sizeOf, unknownTensor } from './component';

/** A head of every CLIP text encoder. */
const CLIP_HEAD_CHANNELS = 64;
const CLIP_VOCABULARY = 49_408;

/** Not weights of the text encoder, though some programs save them with it. */
const beside = /(^|\.)(position_ids|logit_scale|text_projection(\.weight)?)$/;
const known =
  /^text_model\.(embeddings\.(token|position)_embedding\.weight|final_layer_norm\.(weight|bias)|encoder\.layers\.\d+\.(layer_norm[12]|self_attn\.(q|k|v|out)_proj|mlp\.fc[12])\.(weight|bias))$/;

/** @throws CheckpointError naming a tensor that is missing or that no text encoder has */
export function mapClip(part: OriginalPart): Component {
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, tensor] of part.tensors) {
    if (beside.test(key)) continue;
    // Some programs of 2022 saved the encoder without its outer name.
    const mapped = key.startsWith('text_model.') ? key : `text_model.${key}`;
    if (!known.test(mapped)) throw unknownTensor(part, key);
    addOnce(part, tensors, mapped, tensor);
  }
  const renamed: OriginalPart = { ...part, tensors };
  const width = sizeOf(renamed, 'text_model.embeddings.token_embedding.weight', 1);
  return { config: clipConfig(renamed, { hiddenAct: 'quick_gelu', projection: width }), tensors };
}

/**
 * `config.json` of a text encoder under transformers' keys.
 * @param projection width of the pooled embedding
 */
export function clipConfig(
  part: OriginalPart,
  rules: { hiddenAct: 'quick_gelu' | 'gelu'; projection: number },
): Record<string, unknown> {
  const vocabulary = sizeOf(part, 'text_model.embeddings.token_embedding.weight', 0);
  const width = sizeOf(part, 'text_model.embeddings.token_embedding.weight', 1);
  return {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    // The two special tokens are at the end of CLIP's vocabulary, before tokens that training added.
    bos_token_id: Math.min(vocabulary, CLIP_VOCABULARY) - 2,
    eos_token_id: Math.min(vocabulary, CLIP_VOCABULARY) - 1,
    hidden_act: rules.hiddenAct,
    hidden_size: width,
    intermediate_size: sizeOf(part, 'text_model.encoder.layers.0.mlp.fc1.weight', 0),
    layer_norm_eps: 1e-5,
    max_position_embeddings: sizeOf(part, 'text_model.embeddings.position_embedding.weight', 0),
    num_attention_heads: Math.max(1, Math.floor(width / CLIP_HEAD_CHANNELS)),
    num_hidden_layers: countWhile(part, (n) => `text_model.encoder.layers.${n}.layer_norm1.weight`),
    projection_dim: rules.projection,
    vocab_size: vocabulary,
  };
}
