/**
 * OpenCLIP's text encoder in a single file (SD 2.x: `cond_stage_model.model.…`, SDXL's second:
 * `conditioner.embedders.1.model.…`) as transformers' CLIPTextModel. Facts: diffusers,
 * loaders/single_file_utils.py, convert_open_clip_checkpoint.
 */
import { CheckpointError } from '../../../contract/errors';
import type { IndexedTensor } from '../reader';
import { rowsOf, transposed } from '../tensorView';
import { clipConfig } from './clip';
import {
  addOnce,
  type Component,
  countWhile,
  index,
  type OriginalPart,
  sizeOf,
  unknownTensor,
} from './component';

/** OpenCLIP-H, SD 2.x's: 24 layers, of which Stable Diffusion runs 23. */
const H_WIDTH = 1024;
const H_LAYERS = 23;

const beside =
  /^(logit_scale|attn_mask|text_projection(\.weight)?|transformer\.text_model\.embeddings\.position_ids)$/;
const topLevel: Readonly<Record<string, string>> = {
  positional_embedding: 'text_model.embeddings.position_embedding.weight',
  'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
  'ln_final.weight': 'text_model.final_layer_norm.weight',
  'ln_final.bias': 'text_model.final_layer_norm.bias',
};
const layerKeys: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

/**
 * SD 2.x's text encoder: without its last layer, whose output Stable Diffusion does not use.
 * @throws CheckpointError naming a tensor that is missing or that no text encoder has
 */
export function mapOpenClipPenultimate(part: OriginalPart): Component {
  const found = countWhile(part, (n) => `transformer.resblocks.${n}.ln_1.weight`);
  const width = sizeOf(part, 'token_embedding.weight', 1);
  // diffusers' own converters leave out the last layer, and the projection with it.
  const isWhole = part.tensors.has('text_projection') || part.tensors.has('text_projection.weight');
  const layers = width === H_WIDTH ? Math.min(found, H_LAYERS) : found - (isWhole ? 1 : 0);
  const tensors = mapLayers(part, layers);
  const renamed: OriginalPart = { ...part, tensors };
  // transformers' default, which SD 2's config carries: nothing is projected.
  return { config: clipConfig(renamed, { hiddenAct: 'gelu', projection: 512 }), tensors };
}

/** SDXL's second text encoder: all its layers, and the projection of the pooled embedding. */
export function mapOpenClipWithProjection(part: OriginalPart): Component {
  const tensors = mapLayers(part, Number.POSITIVE_INFINITY);
  const key = 'text_projection';
  const parameter = part.tensors.get(key);
  const linear = part.tensors.get(`${key}.weight`);
  if (parameter !== undefined) tensors.set(`${key}.weight`, transposed(key, parameter));
  else if (linear !== undefined) tensors.set(`${key}.weight`, linear);
  const renamed: OriginalPart = { ...part, tensors };
  const config = clipConfig(renamed, { hiddenAct: 'gelu', projection: sizeOf(renamed, `${key}.weight`, 0) });
  return { config: { ...config, architectures: ['CLIPTextModelWithProjection'] }, tensors };
}

function mapLayers(part: OriginalPart, layers: number): Map<string, IndexedTensor> {
  const tensors = new Map<string, IndexedTensor>();
  for (const [key, tensor] of part.tensors) {
    if (beside.test(key)) continue;
    const top = Object.hasOwn(topLevel, key) ? topLevel[key] : undefined;
    if (top !== undefined) {
      addOnce(part, tensors, top, tensor);
      continue;
    }
    const block = /^transformer\.resblocks\.(\d+)\.(.+?)[._](weight|bias)$/.exec(key);
    if (block === null) throw unknownTensor(part, key);
    const [, number, name = '', leaf = ''] = block;
    if (index(number) >= layers) continue;
    const place = `text_model.encoder.layers.${number}`;
    if (name === 'attn.in_proj') {
      for (const [which, third] of thirdsOf(part, key, tensor)) {
        addOnce(part, tensors, `${place}.self_attn.${which}_proj.${leaf}`, third);
      }
    } else if (Object.hasOwn(layerKeys, name)) {
      addOnce(part, tensors, `${place}.${layerKeys[name]}.${leaf}`, tensor);
    } else {
      throw unknownTensor(part, key);
    }
  }
  return tensors;
}

/** Query, key and value are stacked in one matrix: each is a range of its rows. */
function thirdsOf(part: OriginalPart, key: string, tensor: IndexedTensor): [string, IndexedTensor][] {
  const rows = tensor.shape[0] ?? 0;
  if (rows === 0 || rows % 3 !== 0) {
    throw new CheckpointError(
      `${part.file}: tensor "${part.prefix}${key}" of shape [${tensor.shape}] holds no query, key and value`,
    );
  }
  return ['q', 'k', 'v'].map((which, i) => [
    which,
    rowsOf(key, tensor, (i * rows) / 3, ((i + 1) * rows) / 3),
  ]);
}
