import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decodeTiff } from './tiff';
import { inflate, unpackBits, unpackLzw } from './tiffBlocks';

/** Codes of 9 bits, one after the other, most significant bit first. */
function nineBits(...codes: number[]): Uint8Array<ArrayBuffer> {
  const bits = codes.map((code) => code.toString(2).padStart(9, '0')).join('');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
}

it('LZW: literals, entries, and the entry that is just being made', () => {
  // A, B, then AB (258), then 260: AB and its own first byte.
  expect([...unpackLzw(nineBits(256, 65, 66, 258, 260, 257), 100)]).toEqual([65, 66, 65, 66, 65, 66, 65]);
});

it('LZW: a code that no entry has is damage, not an endless run', () => {
  expect(() => unpackLzw(nineBits(256, 65, 400), 100)).toThrow('damaged');
  expect([...unpackLzw(nineBits(256, 65, 258, 259, 260, 261), 5)]).toHaveLength(5);
});

it('PackBits: runs and repeats, and no more than there is room for', () => {
  // Three bytes as they are, then 0x80 four times; 128 says nothing.
  const packed = Uint8Array.of(2, 1, 2, 3, 128, 253, 0x80);
  expect([...unpackBits(packed, 100)]).toEqual([1, 2, 3, 0x80, 0x80, 0x80, 0x80]);
  expect([...unpackBits(packed, 5)]).toEqual([1, 2, 3, 0x80, 0x80]);
});

it('Deflate: no more than the block holds, whatever it would become', async () => {
  const bomb = new Blob([new Uint8Array(1e6)]).stream().pipeThrough(new CompressionStream('deflate'));
  const packed = new Uint8Array(await new Response(bomb).arrayBuffer());
  expect(await inflate(packed, 1000)).toEqual(new Uint8Array(1000));
  await expect(inflate(Uint8Array.of(1, 2, 3), 1000)).rejects.toThrow();
});

it.each(['lzw', 'packbits', 'deflate', 'none'] as const)(
  'a picture of noise and of planes, %s',
  async (compression) => {
    const [width, height] = [301, 97];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
      i % 900 < 450 ? 200 : (i * 2654435761) >>> 24,
    );
    const image = sharp(data, { raw: { width, height, channels: 3 } });
    const bytes = new Uint8Array(await image.tiff({ compression, predictor: 'none' }).toBuffer());
    const { pixels } = await decodeTiff(bytes, 1000);
    const colours = pixels.data.filter((_, i) => i % 4 !== 3);
    expect(Buffer.compare(Buffer.from(colours), Buffer.from(data))).toBe(0);
  },
);

/** The same file with another type and value in the field of that number. */
function withField(bytes: Uint8Array<ArrayBuffer>, tag: number, type: number, value: number) {
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  const directory = view.getUint32(4, true);
  for (let i = 0; i < view.getUint16(directory, true); i++) {
    const field = directory + 2 + 12 * i;
    if (view.getUint16(field, true) !== tag) continue;
    view.setUint16(field + 2, type, true);
    view.setUint32(field + 8, value, true);
  }
  return changed;
}

it.each([
  // As a float, 256 is a height of 3.6e-43 rows: so many strips have no end.
  ['rows of a strip that are a fraction', 278, 11, 256],
  ['no rows in a strip of no height', 257, 3, 0],
  ['more channels than any picture has', 277, 3, 60_000],
] as const)('%s are refused at once', async (_name, tag, type, value) => {
  const bytes = new Uint8Array(
    await sharp({ create: { width: 24, height: 16, channels: 3, background: '#808080' } })
      .tiff()
      .toBuffer(),
  );
  await expect(decodeTiff(withField(bytes, tag, type, value), 64)).rejects.toThrow(
    /not a whole number|more parts/,
  );
});
