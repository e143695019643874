import { describe, expect, it } from 'vitest';
import {
  CheckpointError,
  DeviceError,
  decodeError,
  encodeError,
  InputError,
  TooLargeError,
  type TooLargeFigures,
} from '../contract/errors';
import { displayError } from './errorDisplay';
import { settingsFields } from './settings/settings';

const figures: TooLargeFigures = {
  component: 'unet',
  neededBytes: 5.4e9,
  availableBytes: 3.9e9,
  limit: 'memory',
};

describe('displayError', () => {
  it('tells a model that cannot fit from other trouble of the device', () => {
    expect(displayError(new TooLargeError('too large', figures))).toEqual({
      place: 'run',
      message: 'Too large.',
      isTooLarge: true,
    });
    expect(displayError(new DeviceError('lost'))).toEqual({ place: 'run', message: 'lost.' });
  });

  it('words it as a sentence, without the name of the field that it stands at', () => {
    const messageOf = (message: string) => displayError(new InputError('model_name', message)).message;
    expect(messageOf('model_name: there is no model "a"')).toBe('There is no model "a".');
    expect(messageOf('model_name: owner/model is gated')).toBe('owner/model is gated.');
    expect(messageOf('unet: damaged')).toBe('unet: damaged.');
    expect(messageOf('answer it: Really?')).toBe('Answer it: Really?');
    expect(messageOf('look at https://a.b/c')).toBe('Look at https://a.b/c');
  });

  it('puts a LoRA that does not fit at the LoRAs, on this side of the worker too', () => {
    const misfit = new CheckpointError('LoRA x does not fit', { field: 'loras' });
    for (const error of [misfit, decodeError(encodeError(misfit))])
      expect(displayError(error)).toEqual({ place: 'loras', message: 'LoRA x does not fit.' });
    const damaged = decodeError(encodeError(new CheckpointError('unet: damaged')));
    expect(displayError(damaged)).toEqual({ place: 'model_name', message: 'unet: damaged.' });
  });

  it('shows an error of the engine at its field, whichever of the panel’s it is', () => {
    for (const field of settingsFields) {
      const error = new InputError(field, `${field}: must be another`);
      expect(displayError(error)).toEqual({ place: field, message: 'Must be another.' });
    }
    for (const field of ['scheduler', 'strength', 'feather', 'variations', 'mask_content'])
      expect(settingsFields).toContain(field);
    const entry = new InputError('loras.1.weight', 'loras.1.weight: must be a number from -10 to 10');
    expect(displayError(entry)).toEqual({ place: 'loras', message: 'Must be a number from -10 to 10.' });
    // The page has no such field.
    expect(displayError(new InputError('width', 'width: must be a multiple of 8'))).toEqual({
      place: 'run',
      message: 'width: must be a multiple of 8.',
    });
  });
});
