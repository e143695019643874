/** Which kind of model a LoRA was made for, for the message where it meets another. */
import type { LoraFile } from './file';

const families: Readonly<Record<number, string>> = {
  768: 'Stable Diffusion 1',
  1024: 'Stable Diffusion 2',
  2048: 'Stable Diffusion XL',
};

/**
 * @param unetConfig `unet/config.json`
 * @param isXl whether there is a second text encoder
 */
export function familyOfBase(unetConfig: unknown, isXl: boolean): string {
  if (isXl) return 'Stable Diffusion XL';
  const config = new Map(
    typeof unetConfig === 'object' && unetConfig !== null ? Object.entries(unetConfig) : [],
  );
  const known = families[Number(config.get('cross_attention_dim'))];
  return (
    known ?? (config.get('use_linear_projection') === true ? 'Stable Diffusion 2' : 'Stable Diffusion 1')
  );
}

/** Families by what trainers write into the header: kohya's own field, and Stability's model specification. */
const byMetadata: readonly [name: string, value: RegExp][] = [
  ['Stable Diffusion XL', /^(sdxl|stable-diffusion-xl)/i],
  ['Stable Diffusion 3', /^(sd3|stable-diffusion-3)/i],
  ['Stable Diffusion 2', /^(sd_v2|stable-diffusion-v2)/i],
  ['Stable Diffusion 1', /^(sd_v1|stable-diffusion-v1)/i],
  ['Flux', /^flux/i],
];

const byKey: readonly [name: string, key: RegExp][] = [
  ['Flux', /(double|single)_blocks_\d|single_transformer_blocks\.|lora_t5_/],
  ['Stable Diffusion 3', /joint_blocks_\d|^lora_te3_|^transformer\./],
  ['Stable Diffusion XL', /^(lora_te2_|text_encoder_2\.)|transformer_blocks[._][1-9]/],
];

/** @returns undefined where nothing in the file tells */
export function familyOfLora(
  keys: readonly string[],
  { metadata, modules }: Partial<LoraFile>,
): string | undefined {
  const said = metadata?.ss_base_model_version ?? metadata?.['modelspec.architecture'] ?? '';
  const written = byMetadata.find(([, value]) => value.test(said))?.[0];
  if (written !== undefined) return written;
  const keyed = byKey.find(([, pattern]) => keys.some((key) => pattern.test(key)))?.[0];
  if (keyed !== undefined) return keyed;
  const reads = modules?.find(
    ({ component, name }) => component === 'unet' && /attn2[._]to_[kv]$/.test(name),
  );
  return families[reads?.down.shape[1] ?? 0];
}
