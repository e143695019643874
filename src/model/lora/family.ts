/** Which family a LoRA was made for, for the message shown if it is used with a model of another. */
import { familyTitle, families as titles } from '../../contract/families';
import { families } from '../families';
import { unsupportedFamilies } from '../families/unsupported';
import type { LoraFile } from './file';

/** Families that cannot run come first: no LoRA of another family has their marks. */
const known = [
  ...unsupportedFamilies.flatMap(({ name, lora }) =>
    lora === undefined ? [] : [{ name, lora, runs: false }],
  ),
  ...families.flatMap(({ id, lora }) => (lora ? [{ name: familyTitle(id), lora, runs: true }] : [])),
];

export interface LoraFamily {
  name: string;
  /** Whether Inlay runs its models. */
  runs: boolean;
  /** A key of the file that only LoRAs of this family have, if there is one. */
  key?: string | undefined;
}

/** @returns undefined if the file does not tell */
export function familyOfLora(
  keys: readonly string[],
  { metadata, modules }: Partial<LoraFile>,
): LoraFamily | undefined {
  const said = metadata?.ss_base_model_version ?? metadata?.['modelspec.architecture'] ?? '';
  const found =
    known.find(({ lora }) => lora.metadata?.test(said)) ??
    known.find(({ lora }) => keys.some((key) => lora.key?.test(key)));
  if (found === undefined) return familyByWidth(modules);
  const { name, runs, lora } = found;
  return { name, runs, key: keys.find((key) => lora.key?.test(key)) };
}

/** By the width of the texts that the UNet reads, which a pair for its attention has too. */
function familyByWidth(modules: LoraFile['modules'] | undefined): LoraFamily | undefined {
  const reads = modules?.find(
    ({ component, name }) => component === 'unet' && /attn2[._]to_[kv]$/.test(name),
  );
  const width = reads?.down.shape[1];
  const family = families.find(
    ({ id }) => titles[id].textWidths.reduce((sum, each) => sum + each, 0) === width,
  );
  return family && { name: familyTitle(family.id), runs: true };
}
