/** Errors as people meet them: one sentence with what to do, and the place that it concerns. */
import {
  CheckpointError,
  DeviceError,
  InputError,
  NetworkError,
  TooLargeError,
  type TooLargeFigures,
} from '../engine/errors';
import type { SettingsField } from './settings';

export interface Complaint {
  /** A field of the panel; the stage, for picture and mask; or the run as a whole. */
  place: SettingsField | 'stage' | 'run';
  message: string;
  /** The model cannot fit into this machine: another engine may run it. */
  tooLarge?: TooLargeFigures;
}

const fields = new Set<string>([
  'model_name',
  'prompt',
  'negative_prompt',
  'num_inference_steps',
  'guidance_scale',
  'seed',
  'loras',
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
  if (error instanceof TooLargeError) return { place: 'run', message, tooLarge: error.figures };
  if (error instanceof DeviceError || error instanceof NetworkError) return { place: 'run', message };
  if (error instanceof Error && error.name === 'PictureError') return { place: 'stage', message };
  return {
    place: 'run',
    message: `Something went wrong that should not: ${message} Picture and mask are kept; try again, and please report it if it stays.`,
  };
}

/**
 * A field's name in front helps a program; beside the field itself it only disturbs. A sentence begins with a capital;
 * an id or a path stays as it is written.
 */
function asSentence(message: string): string {
  const text = message.replace(/^([a-z_]+): /, (prefix, name: string) => (isField(name) ? '' : prefix));
  return text.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
}

function isField(name: string): name is SettingsField {
  return fields.has(name);
}
