/** Errors as people meet them: one sentence with what to do, and the place that it concerns. */
import { CheckpointError, DeviceError, InputError, NetworkError, TooLargeError } from '../contract/errors';
import type { SettingsField } from './settings/settings';

export interface Complaint {
  /** A field of the panel; the stage, for picture and mask; or the run as a whole. */
  place: SettingsField | 'stage' | 'run';
  message: string;
  /** The model cannot fit into this machine, as the message says: another engine may run it. */
  isTooLarge?: true;
}

const fields = new Set<string>([
  'model_name',
  'prompt',
  'negative_prompt',
  'num_inference_steps',
  'guidance_scale',
  'seed',
  'loras',
  'embeddings',
] satisfies SettingsField[]);

/** @param error anything thrown, but no cancellation: that is not complained of */
export function complaintOf(error: unknown): Complaint {
  const message = asSentence(error instanceof Error && error.message ? error.message : String(error));
  if (error instanceof InputError) {
    if (isField(error.field)) return { place: error.field, message };
    // Where a token would help, the model's own field offers one.
    if (error.field === 'hub_token') return { place: 'model_name', message };
    if (error.field === 'image_url' || error.field === 'mask_url') return { place: 'stage', message };
    return { place: 'run', message };
  }
  if (error instanceof CheckpointError) return { place: error.field, message };
  if (error instanceof TooLargeError) return { place: 'run', message, isTooLarge: true };
  if (error instanceof DeviceError || error instanceof NetworkError) return { place: 'run', message };
  if (error instanceof Error && error.name === 'PictureError') return { place: 'stage', message };
  return {
    place: 'run',
    message: `Something went wrong that should not: ${message} Picture and mask are kept; try again, and please report it if it stays.`,
  };
}

/**
 * A field's name in front helps a program; beside the field itself it only disturbs. A sentence begins with a capital and ends
 * with a full stop; an id or a path stays as it is written, and so does an address at the end, to be copied.
 */
function asSentence(message: string): string {
  const text = message.replace(/^([a-z_]+): /, (prefix, name: string) => (isField(name) ? '' : prefix));
  const begun = text.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
  return /[.!?…]$|:\/\/\S*$/.test(begun) ? begun : `${begun}.`;
}

function isField(name: string): name is SettingsField {
  return fields.has(name);
}
