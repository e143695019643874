/** The chunks of WebP files (RFC 9649): profile before the pixels, EXIF behind them. */
import type { Size } from '../geometry';
import { joined, latin1, latin1Bytes } from './bytes';

interface Chunk {
  type: string;
  body: Uint8Array;
}

const HAS_ICC = 0x20;
const HAS_ALPHA = 0x10;
const HAS_EXIF = 0x08;
/** Chunks of a file that are looked at. */
const MAX_CHUNKS = 1000;

/** @param bytes from the start; a chunk that they cut off is given as far as it is there */
function chunksOf(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  if (latin1(bytes.subarray(0, 4)) !== 'RIFF' || latin1(bytes.subarray(8, 12)) !== 'WEBP') return chunks;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length && chunks.length < MAX_CHUNKS; ) {
    const length = view.getUint32(at + 4, true);
    chunks.push({ type: latin1(bytes.subarray(at, at + 4)), body: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length & 1);
  }
  return chunks;
}

/** @returns the profile of a WebP */
export function webpProfile(head: Uint8Array): Uint8Array | null {
  return chunksOf(head).find(({ type }) => type === 'ICCP')?.body ?? null;
}

/** A still WebP with another profile and with EXIF. @param size of the image in pixels */
export function withWebpParts(
  file: Uint8Array,
  size: Size,
  { icc, exif }: { icc: Uint8Array | null; exif: Uint8Array | null },
): Uint8Array<ArrayBuffer> {
  const chunks = chunksOf(file);
  const header = chunks.find(({ type }) => type === 'VP8X');
  const pixels = chunks.filter(({ type }) => type === 'ALPH' || type === 'VP8 ' || type === 'VP8L');
  const profile = icc ?? chunks.find(({ type }) => type === 'ICCP')?.body ?? null;
  const lossless = pixels.find(({ type }) => type === 'VP8L');
  // In lossless files a bit after size and signature says so (RFC 9649, 3.4).
  const hasAlpha =
    (header !== undefined && ((header.body[0] ?? 0) & HAS_ALPHA) !== 0) ||
    pixels.some(({ type }) => type === 'ALPH') ||
    (lossless !== undefined && ((lossless.body[4] ?? 0) & 0x10) !== 0);
  const extended = new Uint8Array(10);
  extended[0] = (profile ? HAS_ICC : 0) | (exif ? HAS_EXIF : 0) | (hasAlpha ? HAS_ALPHA : 0);
  for (const [at, side] of [
    [4, size.width - 1],
    [7, size.height - 1],
  ] as const)
    extended.set([side & 255, (side >> 8) & 255, side >> 16], at);
  const body = joined([
    latin1Bytes('WEBP'),
    chunk('VP8X', extended),
    ...(profile ? [chunk('ICCP', profile)] : []),
    ...pixels.map(({ type, body }) => chunk(type, body)),
    ...(exif ? [chunk('EXIF', exif)] : []),
  ]);
  return chunk('RIFF', body);
}

function chunk(type: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + body.length + (body.length & 1));
  bytes.set(latin1Bytes(type));
  new DataView(bytes.buffer).setUint32(4, body.length, true);
  bytes.set(body, 8);
  return bytes;
}
