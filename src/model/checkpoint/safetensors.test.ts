import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../contract/errors';
import { parseSafetensorsHeader } from './safetensors';

/** A file with the given header and `dataBytes` zero bytes. */
function file(header: object | string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  bytes.set(json, 8);
  return bytes;
}

const parse = (bytes: Uint8Array) => parseSafetensorsHeader(bytes, bytes.byteLength, 'unet/m.safetensors');

describe('parseSafetensorsHeader', () => {
  it('gives offsets from the beginning of the file', () => {
    const header = {
      __metadata__: { format: 'pt' },
      a: { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] },
      b: { dtype: 'F32', shape: [], data_offsets: [12, 16] },
    };
    const start = 8 + JSON.stringify(header).length;
    expect([...parse(file(header, 16))]).toEqual([
      ['a', { dtype: 'F16', shape: [2, 3], offset: start, length: 12 }],
      ['b', { dtype: 'F32', shape: [], offset: start + 12, length: 4 }],
    ]);
  });

  const one = (offsets: number[], shape = [2]) => ({ a: { dtype: 'F32', shape, data_offsets: offsets } });
  const hugeHeader = new Uint8Array(16);
  hugeHeader[7] = 0x80; // 2^63
  const cases: [string, Uint8Array, RegExp][] = [
    ['a truncated file', file(one([0, 8]), 4), /"a" ends past the end of the file/],
    ['a file cut within its header', file(one([0, 8]), 8).slice(0, 20), /ends within its header/],
    ['a file of 3 bytes', new Uint8Array(3), /too short/],
    ['a header of 2^63 bytes', hugeHeader, /claims 9223372036854775808 bytes/],
    ['no JSON', file('hello', 0), /not a JSON object/],
    ['a shape that needs other bytes', file(one([0, 8], [3]), 8), /needs 12 bytes but has 8/],
    ['negative offsets', file(one([-8, 0]), 8), /"a": data_offsets\.0/],
    [
      'an unknown type',
      file({ a: { dtype: 'F12', shape: [1], data_offsets: [0, 1] } }, 1),
      /"a" is of type F12, which is not supported/,
    ],
    [
      'overlapping tensors',
      file({ ...one([0, 8]), b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8),
      /"a" and "b" overlap/,
    ],
  ];
  it.each(cases)('refuses %s', (_what, bytes, message) => {
    expect(() => parse(bytes)).toThrow(message);
    expect(() => parse(bytes)).toThrow(CheckpointError);
    expect(() => parse(bytes)).toThrow(/unet\/m\.safetensors/);
  });
});
