/**
 * Texts in PNG files: tEXt and iTXt chunks (PNG, third edition, 11.3.3). Written by hand, as the libraries for chunks
 * take the whole file apart and add every checksum anew, 60 MB of it for a photograph, and know no iTXt.
 */

export interface PngText {
  /** 1 to 79 characters of ASCII. */
  keyword: string;
  text: string;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Where texts may be put into a PNG: after the signature (8 bytes) and IHDR (length, type, 13 bytes, checksum). */
export const TEXTS_OFFSET = 8 + 4 + 4 + 13 + 4;

/** Programs write one or two; what comes after so many is not read. */
const MAX_TEXTS = 64;

/** tEXt is Latin-1, which some readers take for UTF-8: only what both write alike goes there. */
const PLAIN = /^[\n\x20-\x7e]*$/;

/**
 * The chunks of these texts, to be put at {@link TEXTS_OFFSET}: tEXt, or iTXt (UTF-8) for what ASCII cannot write.
 * A NUL, which neither may hold, is left out.
 * @throws RangeError for a keyword that PNG does not allow
 */
export function textChunks(texts: readonly PngText[]): Uint8Array<ArrayBuffer> {
  const chunks = texts.map(({ keyword, text }) => {
    if (keyword.length < 1 || keyword.length > 79 || !PLAIN.test(keyword)) {
      throw new RangeError(`“${keyword}” is no keyword of a PNG text: 1 to 79 characters of ASCII`);
    }
    const clean = text.replaceAll('\0', '');
    if (PLAIN.test(clean)) return chunk('tEXt', latin1Bytes(`${keyword}\0${clean}`));
    // After the keyword: not compressed (2 bytes), no language, no translated keyword.
    return chunk('iTXt', joined([latin1Bytes(`${keyword}\0\0\0\0\0`), new TextEncoder().encode(clean)]));
  });
  return joined(chunks);
}

/**
 * The texts before the pixels, where programs write them. Compressed texts and damaged chunks are passed over.
 * @param head the file's first bytes; a chunk that they cut off is not read
 * @returns nothing where the file is no PNG
 */
export function readTexts(head: Uint8Array): PngText[] {
  const texts: PngText[] = [];
  if (SIGNATURE.some((byte, i) => head[i] !== byte)) return texts;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let offset = SIGNATURE.length;
  while (offset + 12 <= head.length && texts.length < MAX_TEXTS) {
    const end = offset + 12 + view.getUint32(offset);
    const type = latin1(head.subarray(offset + 4, offset + 8));
    if (end > head.length || type === 'IDAT' || type === 'IEND') break;
    const body = head.subarray(offset + 8, end - 4);
    if (
      (type === 'tEXt' || type === 'iTXt') &&
      crc32(head.subarray(offset + 4, end - 4)) === view.getUint32(end - 4)
    ) {
      const text = type === 'tEXt' ? readPlain(body) : readInternational(body);
      if (text) texts.push(text);
    }
    offset = end;
  }
  return texts;
}

function readPlain(body: Uint8Array): PngText | null {
  const end = body.indexOf(0);
  if (end < 1) return null;
  return { keyword: latin1(body.subarray(0, end)), text: latin1(body.subarray(end + 1)) };
}

function readInternational(body: Uint8Array): PngText | null {
  const end = body.indexOf(0);
  if (end < 1 || body[end + 1] !== 0) return null;
  const language = body.indexOf(0, end + 3);
  const translated = language < 0 ? -1 : body.indexOf(0, language + 1);
  if (translated < 0) return null;
  return {
    keyword: latin1(body.subarray(0, end)),
    text: new TextDecoder().decode(body.subarray(translated + 1)),
  };
}

/** @param body without length, type and checksum */
function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set(latin1Bytes(type), 4);
  bytes.set(body, 8);
  view.setUint32(body.length + 8, crc32(bytes.subarray(4, body.length + 8)));
  return bytes;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** CRC-32 of ISO 3309, as PNG's annex D has it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** TextDecoder’s “latin1” is Windows-1252, which differs from 0x80 to 0x9f. */
function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  // As arguments: engines take some 100,000 at most.
  for (let i = 0; i < bytes.length; i += 8192)
    parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  return parts.join('');
}

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
