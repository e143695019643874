/** Opens a LoRA by the name that the user gives it, and reads its header. */
import { CheckpointError } from '../../contract/errors';
import { type AddOnKind, type AddOnOptions, addOnKey, chooseAddOn, openAddOn, sourceOfFile } from '../addOn';
import { openCheckpoint } from '../checkpoint/open';
import { blobSource, type StoredCheckpoint } from '../checkpoint/reader';
import type { LoraChoice, OpenLora } from './choice';
import { loraError } from './error';

const kind: AddOnKind = {
  component: 'lora',
  field: 'loras',
  label: 'a LoRA',
  // diffusers' own name
  usual: ['pytorch_lora_weights.safetensors'],
  files: /\.(safetensors|bin|pt|ckpt)$/i,
  endings: '.safetensors and .bin',
};

/** The user's own file, as the request has it. */
export function choiceOfFile({ source, weight }: { source: string | File; weight: number }): LoraChoice {
  return { source: sourceOfFile(source), weight };
}

/**
 * One name for all the ways to name a LoRA, found without a network.
 * @throws InputError (`loras`) if it is not a name
 */
export function loraKey(source: LoraChoice['source'], hubUrl?: string): string {
  return addOnKey(kind, source, hubUrl);
}

/**
 * @throws InputError (`loras`) if there is no such LoRA, or a repository holds several and none was chosen
 * @throws CheckpointError, NetworkError, DeviceError as for models
 */
export async function openLora({ source, weight }: LoraChoice, options: AddOnOptions): Promise<OpenLora> {
  const name = typeof source === 'string' ? source : source.name;
  const { blob, digest } = await openAddOn(kind, source, options);
  return { name, weight, digest, checkpoint: await openFile(name, blob, options.connection.signal) };
}

async function openFile(name: string, blob: Blob, signal: AbortSignal): Promise<StoredCheckpoint> {
  try {
    return await openCheckpoint(blobSource(name, blob), signal);
  } catch (error) {
    if (error instanceof CheckpointError) throw loraError(`LoRA ${error.message}`, error);
    throw error;
  }
}

/**
 * @param files of a repository or folder
 * @throws InputError (`loras`) listing the candidates if it is not clear which one is meant
 */
export function chooseLora<File extends { path: string }>(source: string, files: readonly File[]): File {
  return chooseAddOn(kind, source, files);
}
