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
import { complaintOf } from './errorDisplay';

const figures: TooLargeFigures = {
  component: 'unet',
  neededBytes: 5.4e9,
  availableBytes: 3.9e9,
  limit: 'memory',
};

describe('complaintOf', () => {
  it('tells a model that cannot fit from other trouble of the device', () => {
    expect(complaintOf(new TooLargeError('too large', figures))).toEqual({
      place: 'run',
      message: 'Too large.',
      isTooLarge: true,
    });
    expect(complaintOf(new DeviceError('lost'))).toEqual({ place: 'run', message: 'lost.' });
  });

  it('words it as a sentence, without the name of the field that it stands at', () => {
    const messageOf = (message: string) => complaintOf(new InputError('model_name', message)).message;
    expect(messageOf('model_name: there is no model "a"')).toBe('There is no model "a".');
    expect(messageOf('model_name: owner/model is gated')).toBe('owner/model is gated.');
    expect(messageOf('unet: damaged')).toBe('unet: damaged.');
    expect(messageOf('answer it: Really?')).toBe('Answer it: Really?');
    expect(messageOf('look at https://a.b/c')).toBe('Look at https://a.b/c');
  });

  it('puts a LoRA that does not fit at the LoRAs, on this side of the worker too', () => {
    const misfit = new CheckpointError('LoRA x does not fit', { field: 'loras' });
    for (const error of [misfit, decodeError(encodeError(misfit))])
      expect(complaintOf(error)).toEqual({ place: 'loras', message: 'LoRA x does not fit.' });
    const damaged = decodeError(encodeError(new CheckpointError('unet: damaged')));
    expect(complaintOf(damaged)).toEqual({ place: 'model_name', message: 'unet: damaged.' });
  });
});
