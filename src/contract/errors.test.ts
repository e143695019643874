import { expect, it } from 'vitest';
import {
  CheckpointError,
  DeviceError,
  decodeError,
  encodeError,
  InputError,
  InternalError,
  TooLargeError,
} from './errors';

const figures = { component: 'unet', neededBytes: 5, availableBytes: 4, limit: 'memory' } as const;

it.each([
  new InputError('prompt', 'too long', true),
  new CheckpointError('damaged', { field: 'loras' }),
  new TooLargeError('too large', figures),
  new InternalError('a bug'),
])('%s crosses a border whole', (error) => {
  const decoded = decodeError(structuredClone(encodeError(error)));
  expect(decoded).toEqual(error);
  expect(decoded.constructor).toBe(error.constructor);
});

it('what nobody foresaw says where it was thrown', () => {
  const error = new TypeError('not a function');
  const decoded = decodeError(structuredClone(encodeError(error)));
  expect(decoded).toBeInstanceOf(InternalError);
  expect(decoded.stack).toBe(error.stack);
});

it.each([
  ...[
    undefined,
    null,
    7,
    'text',
    [],
    {},
    Object.create(null),
    { name: 'toString' },
    { name: {}, message: {} },
  ],
  { name: 'InternalError', message: Symbol.iterator, stack: 7 },
])('%j comes out as a named error', (data) => {
  const error = decodeError(data);
  expect(error).toBeInstanceOf(InternalError);
  expect(error.message).toMatch(/unreadable/);
});

it('leaves out what cannot be read', () => {
  expect(decodeError({ name: 'InputError', message: 'wrong', field: 7, mayNeedToken: 'yes' })).toMatchObject({
    name: 'InputError',
    message: 'wrong',
    field: '',
    mayNeedToken: false,
  });
  const bare = decodeError({
    name: 'TooLargeError',
    message: 'large',
    figures: { ...figures, neededBytes: 'much' },
  });
  expect(bare).toBeInstanceOf(DeviceError);
  expect(bare).not.toBeInstanceOf(TooLargeError);
});
