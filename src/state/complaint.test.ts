import { describe, expect, it } from 'vitest';
import { DeviceError, TooLargeError, type TooLargeFigures } from '../engine/errors';
import { complaintOf } from './complaint';

const figures: TooLargeFigures = {
  component: 'unet',
  neededBytes: 5.4e9,
  availableBytes: 3.9e9,
  limit: 'memory',
};

describe('complaintOf', () => {
  it('carries the figures of a model that cannot fit, which other trouble of the device lacks', () => {
    expect(complaintOf(new TooLargeError('too large', figures))).toEqual({
      place: 'run',
      message: 'too large',
      tooLarge: figures,
    });
    expect(complaintOf(new DeviceError('lost'))).toEqual({ place: 'run', message: 'lost' });
  });
});
