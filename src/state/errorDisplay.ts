/** Errors as the user sees them: one sentence with what to do, and the place where it is shown. */
import { CheckpointError, DeviceError, InputError, NetworkError, TooLargeError } from '../contract/errors';
import { isSettingsField, type SettingsField } from './settings/settings';

export interface DisplayedError {
  /** A field of the panel; the stage, for the image and its mask; or the run as a whole. */
  place: SettingsField | 'stage' | 'run';
  message: string;
  /** The model does not fit on this device, as the message says: the hosted API may run it. */
  isTooLarge?: true;
}

/** @param error anything that was thrown, except a cancellation, which is not an error */
export function displayError(error: unknown): DisplayedError {
  const message = asSentence(error instanceof Error && error.message ? error.message : String(error));
  if (error instanceof InputError) {
    // Of a list the engine names the entry too: its field is the list.
    const [field = ''] = error.field.split('.');
    if (isSettingsField(field)) return { place: field, message };
    // The model's field offers to enter a token.
    if (field === 'hub_token') return { place: 'model_name', message };
    if (field === 'image_url' || field === 'mask_url') return { place: 'stage', message };
    return { place: 'run', message };
  }
  if (error instanceof CheckpointError) return { place: error.field, message };
  if (error instanceof TooLargeError) return { place: 'run', message, isTooLarge: true };
  if (error instanceof DeviceError || error instanceof NetworkError) return { place: 'run', message };
  if (error instanceof Error && error.name === 'PictureError') return { place: 'stage', message };
  return {
    place: 'run',
    message: `Something went wrong: ${message} Your image and mask are safe. Try again, and please report it if it keeps happening.`,
  };
}

/**
 * A field's name in front helps a program; next to the field itself it is noise. A sentence begins with a capital and ends
 * with a full stop; ids and paths stay as they are written, and so does a URL at the end, which may be copied.
 */
function asSentence(message: string): string {
  const text = message.replace(/^([a-z_]+)(?:\.[a-z_0-9]+)*: /, (prefix, name: string) =>
    isSettingsField(name) || name === 'image_url' || name === 'mask_url' ? '' : prefix,
  );
  const begun = text.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
  return /[.!?…]$|:\/\/\S*$/.test(begun) ? begun : `${begun}.`;
}
