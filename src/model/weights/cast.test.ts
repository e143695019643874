import { describe, expect, it } from 'vitest';
import { bytesPerValue } from '../checkpoint/safetensors';
import { BufferMeter } from '../prepare/filePass';
import { CastRoom, castBytes, type WeightType } from './cast';

// 1, -2 and 0.15625 in every type, little-endian.
const stored: Record<WeightType, Uint8Array<ArrayBuffer>> = {
  F64: new Uint8Array(Float64Array.of(1, -2, 0.15625).buffer),
  F32: new Uint8Array(Float32Array.of(1, -2, 0.15625).buffer),
  F16: new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x3100).buffer),
  BF16: new Uint8Array(Uint16Array.of(0x3f80, 0xc000, 0x3e20).buffer),
  F8_E4M3: Uint8Array.of(0x38, 0xc0, 0x22),
  F8_E5M2: Uint8Array.of(0x3c, 0xc0, 0x31),
};
const types: WeightType[] = ['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2'];

describe('castBytes', () => {
  it.each(types)('casts %s wherever it begins, into new memory or into a room', (from) => {
    const bytes = stored[from];
    for (const offset of [0, 1, bytesPerValue[from]]) {
      const moved = new Uint8Array(offset + bytes.byteLength);
      moved.set(bytes, offset);
      for (const room of [undefined, new CastRoom()]) {
        room?.take(64);
        const part = moved.subarray(offset);
        expect([...castBytes(part, from, 'F32', room)]).toEqual([...stored.F32]);
        expect([...castBytes(part, from, 'F16', room)]).toEqual([...stored.F16]);
        expect([...part]).toEqual([...bytes]);
      }
    }
  });

  it('takes a room’s memory again, and counts it once', () => {
    const meter = new BufferMeter();
    const room = new CastRoom(meter);
    const first = castBytes(stored.F16, 'F16', 'F32', room);
    const second = castBytes(stored.F16.subarray(0, 2), 'F16', 'F32', room);
    expect(second.buffer).toBe(first.buffer);
    expect(meter.heldBytes).toBe(12);
    castBytes(stored.F64, 'F64', 'F32', room);
    expect(meter.heldBytes).toBe(12);
    room.take(100);
    expect(meter).toMatchObject({ heldBytes: 100, peakBytes: 100 });
    room.release();
    expect(meter.heldBytes).toBe(0);
  });
});
