import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { readTexts, TEXTS_OFFSET, textChunks } from './pngText';

const picture = () =>
  sharp({ create: { width: 5, height: 3, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();

async function pictureWith(texts: { keyword: string; text: string }[]): Promise<Buffer> {
  const png = await picture();
  return Buffer.concat([png.subarray(0, TEXTS_OFFSET), textChunks(texts), png.subarray(TEXTS_OFFSET)]);
}

it('writes tEXt as the standard has it', () => {
  // Length 3: "k", NUL, "e"; the checksum is zlib's over type and body.
  const body = [0x74, 0x45, 0x58, 0x74, 0x6b, 0x00, 0x65];
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(Buffer.from(body)));
  expect([...textChunks([{ keyword: 'k', text: 'e' }])]).toEqual([0, 0, 0, 3, ...body, ...checksum]);
});

it.each([
  ['lines and signs', 'cafe "no" $`\nSteps: 3', 'tEXt'],
  ['what ASCII cannot write', 'café', 'iTXt'],
  ['signs of four bytes', 'ein Fuchs 🦊\n狐', 'iTXt'],
  ['a control character of Windows-1252', 'a\u0085b', 'iTXt'],
  ['an empty text', '', 'tEXt'],
])('carries %s, and the pixels stay', async (_what, text, type) => {
  const texts = [
    { keyword: 'parameters', text },
    { keyword: 'inlay', text: '{}' },
  ];
  const file = await pictureWith(texts);
  expect(readTexts(file)).toEqual(texts);
  expect(file.includes(type)).toBe(true);
  // Another reader finds the file sound: libspng checks every critical chunk.
  const decoded = await sharp(file).raw().toBuffer();
  expect(
    decoded.equals(
      await sharp(await picture())
        .raw()
        .toBuffer(),
    ),
  ).toBe(true);
  const { comments } = await sharp(file).metadata();
  if (text !== '') expect(comments).toContainEqual({ keyword: 'parameters', text });
});

it('reads the Latin-1 of other programs', async () => {
  const chunk = textChunks([{ keyword: 'parameters', text: 'caf~' }]);
  chunk[chunk.length - 5] = 0xe9;
  new DataView(chunk.buffer).setUint32(chunk.length - 4, crc32(chunk.subarray(4, chunk.length - 4)));
  const png = await picture();
  expect(readTexts(Buffer.concat([png.subarray(0, 33), chunk]))).toEqual([
    { keyword: 'parameters', text: 'café' },
  ]);
});

it('leaves out NULs, and refuses keywords that PNG does not allow', async () => {
  expect(readTexts(await pictureWith([{ keyword: 'a', text: 'b\0c' }]))[0]?.text).toBe('bc');
  for (const keyword of ['', 'x'.repeat(80), '鍵']) {
    expect(() => textChunks([{ keyword, text: '' }])).toThrow(RangeError);
  }
});

it('passes over damage, foreign files and what is cut off', async () => {
  const file = await pictureWith([{ keyword: 'parameters', text: 'a fox' }]);
  const damaged = Buffer.from(file);
  damaged[TEXTS_OFFSET + 20] = 0x21;
  expect(readTexts(damaged)).toEqual([]);
  expect(readTexts(file.subarray(0, TEXTS_OFFSET + 20))).toEqual([]);
  expect(readTexts(new TextEncoder().encode('GIF89a'))).toEqual([]);
  expect(readTexts(new Uint8Array())).toEqual([]);
  expect(readTexts(await picture())).toEqual([]);
});

it('passes over a compressed iTXt', async () => {
  const chunk = textChunks([{ keyword: 'parameters', text: '狐' }]);
  chunk[8 + 'parameters'.length + 1] = 1;
  new DataView(chunk.buffer).setUint32(chunk.length - 4, crc32(chunk.subarray(4, chunk.length - 4)));
  const png = await picture();
  expect(readTexts(Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]))).toEqual([]);
});
