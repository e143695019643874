/** The chunks of PNG files (PNG, third edition, 5.3): length, type, body, checksum. */
import { latin1, latin1Bytes } from './bytes';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Where chunks may be put in: after the signature (8 bytes) and IHDR (length, type, 13 bytes, checksum). */
export const AFTER_HEADER = 8 + 4 + 4 + 13 + 4;

export interface PngChunk {
  type: string;
  body: Uint8Array;
  /** Its place in the file, header and checksum included. */
  start: number;
  end: number;
  /** Whether its checksum is right. */
  isSound(): boolean;
}

/**
 * The chunks in order.
 * @param head the file's first bytes; a chunk that they cut off is not given
 * @returns nothing if the file is not a PNG
 */
export function* pngChunks(head: Uint8Array): Generator<PngChunk> {
  if (SIGNATURE.some((byte, i) => head[i] !== byte)) return;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let start = SIGNATURE.length;
  while (start + 12 <= head.length) {
    const end = start + 12 + view.getUint32(start);
    if (end > head.length) return;
    const checked = head.subarray(start + 4, end - 4);
    yield {
      type: latin1(checked.subarray(0, 4)),
      body: checked.subarray(4),
      start,
      end,
      isSound: () => crc32(checked) === view.getUint32(end - 4),
    };
    start = end;
  }
}

/** @param body without length, type and checksum */
export function pngChunk(type: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
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
