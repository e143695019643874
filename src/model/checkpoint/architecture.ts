/** Names what a file or pipeline is when Inlay cannot run it, instead of calling it damaged. */
import { UnsupportedError } from '../../contract/errors';
import type { StoredIndex } from './reader';

const RUNS = 'Inlay runs Stable Diffusion 1.x, 2.x and SDXL';

/** Architectures by a key that no other has; a prefix that programs put before it is allowed. */
const byKey: readonly [name: string, key: RegExp][] = [
  ['Flux 2', /(^|\.)(double|single)_stream_modulation(_img|_txt)?\.lin\.weight$/],
  ['Flux', /(^|\.)(double|single)_blocks\.0\./],
  ['Stable Diffusion 3', /(^|\.)joint_blocks\.0\./],
  ['Stable Cascade (stage C)', /(^|\.)clip_txt_(mapper|pooled_mapper)\.weight$/],
  ['Stable Cascade (stage B)', /(^|\.)down_blocks\.1\.0\.channelwise\.0\.weight$/],
  ['Stable Video Diffusion', /\.(time_stack|time_mixer|time_pos_embed)\b/],
  ['AnimateDiff', /\.motion_modules\.0\./],
  ['AuraFlow', /(^|\.)double_layers\.0\.attn\./],
  ['HunyuanDiT or Hunyuan Video', /(^|\.)(txt_in\.individual_token_refiner|text_embedding_padding|mlp_t5)\b/],
  ['PixArt', /(^|\.)(t_block\.1|adaln_single\.linear)\.weight$/],
  ['Lumina 2 or Z-Image', /(^|\.)cap_embedder\.0\.weight$/],
  ['Wan', /(^|\.)head\.modulation$/],
  ['LTX Video', /(^|\.)patchify_proj\.weight$/],
  ['Mochi', /(^|\.)blocks\.0\.attn\.qkv_x\.weight$/],
  ['HiDream', /(^|\.)double_stream_blocks\.0\./],
  ['Cosmos', /^net\.x_embedder\.proj\.1\.weight$/],
  ['Qwen-Image', /(^|\.)transformer_blocks\.0\.img_mod\.1\.weight$/],
  ['Sana', /(^|\.)blocks\.0\.cross_attn\.kv_linear\.weight$/],
  ['Kandinsky', /(^|\.)(add_embedding\.image_norm|encoder_hid_proj\.image_embeds)\b/],
  ['DeepFloyd IF', /(^|\.)encoder_hid_proj\.weight$|(^|\.)aug_proj\.weight$/],
  ['Playground 2.5', /^edm_(mean|std)$/],
  ['CosXL', /^edm_vpred\.sigma_max$/],
  ['a depth-guided Stable Diffusion 2', /^depth_model\./],
];

/** Files that are no model of their own, and what to do with them. */
const byPurpose: readonly [what: string, key: RegExp][] = [
  [
    'this is a LoRA, which changes a model but is none itself; choose a model and add the file as its LoRA',
    /^lora_(unet|te\d?)_|\.lora_(A|B|up|down|magnitude_vector)\b|\.lora\.(up|down)\.|_lora\.(up|down)\.weight$|\.hada_w1_[ab]$|\.lokr_w[12]/,
  ],
  [
    'this is a ControlNet, which guides a model but is none itself; choose a Stable Diffusion model',
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
    'this is an autoencoder alone, without a UNet and text encoder; use the whole checkpoint',
    /^(first_stage_model\.|vae\.)?(encoder|decoder)\.(down|up)\.0\.block\.0\./,
  ],
];

/**
 * What a file is, judged by the names of its tensors.
 * @returns the words for an error; undefined where nothing speaks against Stable Diffusion
 */
function unsupportedTensors(keys: Iterable<string>): string | undefined {
  const all = [...keys];
  for (const [name, key] of byKey) {
    if (all.some((candidate) => key.test(candidate)))
      return `this is ${name}, which is not supported; ${RUNS}`;
  }
  // A whole checkpoint may carry such parts beside its UNet.
  if (all.some((key) => key.startsWith('model.diffusion_model.'))) return undefined;
  return byPurpose.find(([, key]) => all.some((candidate) => key.test(candidate)))?.[0];
}

/** @throws CheckpointError where the tensors belong to another architecture, naming it */
export function refuseUnsupportedTensors(file: string, tensors: StoredIndex): void {
  const reason = unsupportedTensors(tensors.keys());
  if (reason !== undefined) throw new UnsupportedError(`${file}: ${reason}`);
}

/** diffusers' pipeline classes by how they begin. Order matters: the longer name first. */
const byPipeline: readonly [start: string, name: string][] = [
  ['Flux2', 'Flux 2'],
  ['Flux', 'Flux'],
  ['StableDiffusion3', 'Stable Diffusion 3'],
  ['StableCascade', 'Stable Cascade'],
  ['StableVideoDiffusion', 'Stable Video Diffusion'],
  ['StableDiffusionInstructPix2Pix', 'InstructPix2Pix'],
  ['StableDiffusionXLInstructPix2Pix', 'InstructPix2Pix'],
  ['StableDiffusionUpscale', 'the Stable Diffusion upscaler'],
  ['StableDiffusionLatentUpscale', 'the Stable Diffusion upscaler'],
  ['StableDiffusionDepth2Img', 'a depth-guided Stable Diffusion 2'],
  ['StableDiffusionGLIGEN', 'GLIGEN'],
  ['StableDiffusionControlNet', 'a ControlNet pipeline'],
  ['StableDiffusionXLControlNet', 'a ControlNet pipeline'],
  ['StableUnCLIP', 'unCLIP'],
  ['UnCLIP', 'unCLIP'],
  ['StableAudio', 'Stable Audio'],
  ['AnimateDiff', 'AnimateDiff'],
  ['AuraFlow', 'AuraFlow'],
  ['Chroma', 'Chroma'],
  ['CogVideo', 'CogVideoX'],
  ['CogView', 'CogView'],
  ['Cosmos', 'Cosmos'],
  ['HiDream', 'HiDream'],
  ['Hunyuan', 'Hunyuan'],
  ['IF', 'DeepFloyd IF'],
  ['Kandinsky', 'Kandinsky'],
  ['Kolors', 'Kolors'],
  ['LTX', 'LTX Video'],
  ['LDM', 'latent diffusion of 2021'],
  ['Lumina', 'Lumina'],
  ['Mochi', 'Mochi'],
  ['OmniGen', 'OmniGen'],
  ['PixArt', 'PixArt'],
  ['QwenImage', 'Qwen-Image'],
  ['Sana', 'Sana'],
  ['VQDiffusion', 'VQ-Diffusion'],
  ['Wan', 'Wan'],
  ['Wuerstchen', 'Würstchen'],
  ['ZImage', 'Z-Image'],
];

/**
 * Whether a `model_index.json` belongs to another architecture.
 * @returns the words for an error; undefined where it may be a Stable Diffusion that Inlay runs
 */
export function unsupportedPipeline(modelIndex: unknown): string | undefined {
  if (typeof modelIndex !== 'object' || modelIndex === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(modelIndex));
  const pipelineClass = fields.get('_class_name');
  if (typeof pipelineClass === 'string') {
    // optimum's and diffusers' exports put a word before the name of what they export.
    const exported = pipelineClass.replace(/^(ORT|Onnx)/, '');
    const found = byPipeline.find(([start]) => exported.startsWith(start));
    if (found !== undefined) return `this is ${found[1]} (${pipelineClass}), which is not supported; ${RUNS}`;
  }
  const present = (field: string) => {
    const value = fields.get(field);
    return Array.isArray(value) && value[0] !== null;
  };
  // The refiner is an SDXL with the second text encoder alone.
  if (present('text_encoder_2') && !present('text_encoder')) {
    return `this is the SDXL refiner, which only works behind another model; ${RUNS}`;
  }
  const network = ['transformer', 'prior', 'decoder'].find(present);
  if (network !== undefined && !present('unet')) {
    return `its network is a "${network}", not a UNet, which is not supported; ${RUNS}`;
  }
  return undefined;
}
