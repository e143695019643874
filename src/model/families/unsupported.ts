/** Families that Inlay knows but cannot run, and files that are not models: named, instead of being called damaged. */
import { UnsupportedError } from '../../contract/errors';
import { familiesInWords } from '../../contract/families';
import type { LoraMarks } from '../blueprint';
import type { StoredIndex } from '../checkpoint/reader';

const RUNS = `Inlay runs ${familiesInWords('and')}`;

export interface UnsupportedFamily {
  name: string;
  /** How the names of its diffusers pipelines begin; the longest match counts. */
  pipelines?: readonly string[];
  /** A key that no other family has; programs may put a prefix before it. */
  key?: RegExp;
  lora?: LoraMarks;
}

export const unsupportedFamilies: readonly UnsupportedFamily[] = [
  {
    name: 'Flux 2',
    pipelines: ['Flux2'],
    key: /(^|\.)(double|single)_stream_modulation(_img|_txt)?\.lin\.weight$/,
  },
  {
    name: 'Flux',
    pipelines: ['Flux'],
    key: /(^|\.)(double|single)_blocks\.0\./,
    lora: { metadata: /^flux/i, key: /(double|single)_blocks_\d|single_transformer_blocks\.|lora_t5_/ },
  },
  {
    name: 'Stable Diffusion 3',
    pipelines: ['StableDiffusion3'],
    key: /(^|\.)joint_blocks\.0\./,
    lora: { metadata: /^(sd3|stable-diffusion-3)/i, key: /joint_blocks_\d|^lora_te3_|^transformer\./ },
  },
  { name: 'Stable Cascade (stage C)', key: /(^|\.)clip_txt_(mapper|pooled_mapper)\.weight$/ },
  { name: 'Stable Cascade (stage B)', key: /(^|\.)down_blocks\.1\.0\.channelwise\.0\.weight$/ },
  {
    name: 'Stable Video Diffusion',
    pipelines: ['StableVideoDiffusion'],
    key: /\.(time_stack|time_mixer|time_pos_embed)\b/,
  },
  { name: 'AnimateDiff', pipelines: ['AnimateDiff'], key: /\.motion_modules\.0\./ },
  { name: 'AuraFlow', pipelines: ['AuraFlow'], key: /(^|\.)double_layers\.0\.attn\./ },
  {
    name: 'HunyuanDiT or Hunyuan Video',
    key: /(^|\.)(txt_in\.individual_token_refiner|text_embedding_padding|mlp_t5)\b/,
  },
  { name: 'PixArt', pipelines: ['PixArt'], key: /(^|\.)(t_block\.1|adaln_single\.linear)\.weight$/ },
  { name: 'Lumina 2 or Z-Image', key: /(^|\.)cap_embedder\.0\.weight$/ },
  { name: 'Wan', pipelines: ['Wan'], key: /(^|\.)head\.modulation$/ },
  { name: 'LTX Video', pipelines: ['LTX'], key: /(^|\.)patchify_proj\.weight$/ },
  { name: 'Mochi', pipelines: ['Mochi'], key: /(^|\.)blocks\.0\.attn\.qkv_x\.weight$/ },
  { name: 'HiDream', pipelines: ['HiDream'], key: /(^|\.)double_stream_blocks\.0\./ },
  { name: 'Cosmos', pipelines: ['Cosmos'], key: /^net\.x_embedder\.proj\.1\.weight$/ },
  { name: 'Qwen-Image', pipelines: ['QwenImage'], key: /(^|\.)transformer_blocks\.0\.img_mod\.1\.weight$/ },
  { name: 'Sana', pipelines: ['Sana'], key: /(^|\.)blocks\.0\.cross_attn\.kv_linear\.weight$/ },
  {
    name: 'Kandinsky',
    pipelines: ['Kandinsky'],
    key: /(^|\.)(add_embedding\.image_norm|encoder_hid_proj\.image_embeds)\b/,
  },
  { name: 'DeepFloyd IF', pipelines: ['IF'], key: /(^|\.)encoder_hid_proj\.weight$|(^|\.)aug_proj\.weight$/ },
  { name: 'Playground 2.5', key: /^edm_(mean|std)$/ },
  { name: 'CosXL', key: /^edm_vpred\.sigma_max$/ },
  {
    name: 'a depth-guided Stable Diffusion 2',
    pipelines: ['StableDiffusionDepth2Img'],
    key: /^depth_model\./,
  },
  { name: 'Stable Cascade', pipelines: ['StableCascade'] },
  {
    name: 'InstructPix2Pix',
    pipelines: ['StableDiffusionInstructPix2Pix', 'StableDiffusionXLInstructPix2Pix'],
  },
  {
    name: 'the Stable Diffusion upscaler',
    pipelines: ['StableDiffusionUpscale', 'StableDiffusionLatentUpscale'],
  },
  { name: 'GLIGEN', pipelines: ['StableDiffusionGLIGEN'] },
  { name: 'a ControlNet pipeline', pipelines: ['StableDiffusionControlNet', 'StableDiffusionXLControlNet'] },
  { name: 'unCLIP', pipelines: ['StableUnCLIP', 'UnCLIP'] },
  { name: 'Stable Audio', pipelines: ['StableAudio'] },
  { name: 'Chroma', pipelines: ['Chroma'] },
  { name: 'CogVideoX', pipelines: ['CogVideo'] },
  { name: 'CogView', pipelines: ['CogView'] },
  { name: 'Hunyuan', pipelines: ['Hunyuan'] },
  { name: 'Kolors', pipelines: ['Kolors'] },
  { name: 'latent diffusion of 2021', pipelines: ['LDM'] },
  { name: 'Lumina', pipelines: ['Lumina'] },
  { name: 'OmniGen', pipelines: ['OmniGen'] },
  { name: 'VQ-Diffusion', pipelines: ['VQDiffusion'] },
  { name: 'Würstchen', pipelines: ['Wuerstchen'] },
  { name: 'Z-Image', pipelines: ['ZImage'] },
];

/** A repository without a UNet may be one of these, by the folder of its network. */
const byFolder: readonly [start: string, what: string][] = [
  ['transformer/', 'a diffusion transformer (Flux, Stable Diffusion 3 or another)'],
  ['prior/', 'a model in two stages (Kandinsky, Stable Cascade or another)'],
];

/** @returns the kind of model that a repository's folders belong to; undefined if it may be one that runs */
export function unsupportedFolders(paths: readonly string[]): string | undefined {
  const has = (start: string) => paths.some((path) => path.startsWith(start));
  return has('unet/') ? undefined : byFolder.find(([start]) => has(start))?.[1];
}

/** Files that are not models themselves, and what to do with them. */
const byPurpose: readonly [what: string, key: RegExp][] = [
  [
    'this is a LoRA, not a model; choose a model, then add this file as its LoRA',
    /^lora_(unet|te\d?)_|\.lora_(A|B|up|down|magnitude_vector)\b|\.lora\.(up|down)\.|_lora\.(up|down)\.weight$|\.hada_w1_[ab]$|\.lokr_w[12]/,
  ],
  [
    'this is a ControlNet, which guides a model but is not one itself; choose a Stable Diffusion model',
    /^control_model\.|controlnet_(cond_embedding|down_blocks)\.|^input_hint_block\./,
  ],
  [
    'this is an IP-Adapter, which is not supported; choose a Stable Diffusion model',
    /^(ip_adapter|image_proj)\b/,
  ],
  [
    'this is a textual inversion embedding, not a model; choose a Stable Diffusion model',
    /^(emb_params|string_to_param|clip_[gl])$/,
  ],
  [
    'these are the weights of one component in the diffusers layout; name the repository or folder that holds its model_index.json',
    /^(down_blocks\.0\.(resnets|attentions)\.|time_embedding\.linear_1\.|text_model\.embeddings\.|encoder\.down_blocks\.0\.)/,
  ],
  [
    'this is only an autoencoder, without a UNet and text encoder; use the whole checkpoint',
    /^(first_stage_model\.|vae\.)?(encoder|decoder)\.(down|up)\.0\.block\.0\./,
  ],
];

/**
 * What a file is, judged by the names of its tensors.
 * @returns the text of an error; undefined if it may be Stable Diffusion
 */
function unsupportedTensors(keys: Iterable<string>): string | undefined {
  const all = [...keys];
  const family = unsupportedFamilies.find(({ key }) => key && all.some((candidate) => key.test(candidate)));
  if (family !== undefined) return `this is ${family.name}, which is not supported; ${RUNS}`;
  // A whole checkpoint may carry such parts beside its UNet.
  if (all.some((key) => key.startsWith('model.diffusion_model.'))) return undefined;
  return byPurpose.find(([, key]) => all.some((candidate) => key.test(candidate)))?.[0];
}

/** @throws CheckpointError if the tensors belong to another architecture, naming it */
export function refuseUnsupportedTensors(file: string, tensors: StoredIndex): void {
  const reason = unsupportedTensors(tensors.keys());
  if (reason !== undefined) throw new UnsupportedError(`${file}: ${reason}`);
}

/**
 * Whether a `model_index.json` belongs to another architecture.
 * @returns the words for an error; undefined if it may be a Stable Diffusion that Inlay runs
 */
export function unsupportedPipeline(modelIndex: unknown): string | undefined {
  if (typeof modelIndex !== 'object' || modelIndex === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(modelIndex));
  const pipelineClass = fields.get('_class_name');
  if (typeof pipelineClass === 'string') {
    // optimum's and diffusers' exports put a word before the name of what they export.
    const exported = pipelineClass.replace(/^(ORT|Onnx)/, '');
    const found = unsupportedFamilies
      .flatMap(({ name, pipelines = [] }) => pipelines.map((start) => ({ name, start })))
      .filter(({ start }) => exported.startsWith(start))
      .sort((a, b) => b.start.length - a.start.length)[0];
    if (found !== undefined) {
      return `this is ${found.name} (${pipelineClass}), which is not supported; ${RUNS}`;
    }
  }
  const present = (field: string) => {
    const value = fields.get(field);
    return Array.isArray(value) && value[0] !== null;
  };
  // The refiner is an SDXL that only has the second text encoder.
  if (present('text_encoder_2') && !present('text_encoder')) {
    return `this is the SDXL refiner, which only works behind another model; ${RUNS}`;
  }
  const network = ['transformer', 'prior', 'decoder'].find(present);
  if (network !== undefined && !present('unet')) {
    return `its network is a "${network}", not a UNet, which is not supported; ${RUNS}`;
  }
  return undefined;
}

/** @throws CheckpointError naming the architecture that a `model_index.json` belongs to */
export function refuseOtherPipeline(model: string, index: unknown): void {
  const architecture = unsupportedPipeline(index);
  if (architecture !== undefined) throw new UnsupportedError(`model "${model}": ${architecture}`);
}

/** For an index whose pipeline belongs to no known family. */
export function otherPipeline(model: string, index: unknown): UnsupportedError {
  const { _class_name: pipelineClass } = index as { _class_name?: unknown };
  return new UnsupportedError(
    `model "${model}": its pipeline is ${String(pipelineClass)}, which Inlay cannot run; it runs ${familiesInWords('and')}`,
  );
}
