/** What a PNG says of its colours (PNG, third edition, 11.3.2): profile (iCCP), code points (cICP), bits. */
import { joined, latin1Bytes } from './bytes';
import { MAX_PROFILE_BYTES, type Profile, profileOfCodes, readProfile } from './iccProfile';
import { AFTER_HEADER, pngChunk, pngChunks } from './pngChunks';

/** Chunks that say which colours the values mean; only one of a file's counts. */
const COLOURS = new Set(['iCCP', 'cICP', 'sRGB', 'gAMA', 'cHRM']);

/** @param head the file's first bytes @returns null for the profile if the file names none */
export async function readPngColours(
  head: Uint8Array,
): Promise<{ bits: number; isGrey: boolean; profile: Profile | null }> {
  let [bits, isGrey] = [8, false];
  let icc: Uint8Array | null = null;
  for (const { type, body } of pngChunks(head)) {
    if (type === 'IHDR') {
      bits = body[8] ?? 8;
      isGrey = body[9] === 0 || body[9] === 4;
    }
    // Code points count before a profile.
    if (type === 'cICP') return { bits, isGrey, profile: profileOfCodes(body[0] ?? 0, body[1] ?? 0) };
    // A name, its end, the method.
    if (type === 'iCCP') icc = body.subarray(body.indexOf(0) + 2);
    if (type === 'IDAT') break;
  }
  const bytes = icc && (await inflate(icc, MAX_PROFILE_BYTES));
  return { bits, isGrey, profile: bytes && readProfile(bytes) };
}

/**
 * The beginning of a PNG, up to its pixels, with a profile in place of whatever it says of its colours.
 * @param head of the file, with the start of its pixels
 * @returns what takes the place of its first `replaced` bytes
 */
export async function pngStartWith(
  head: Uint8Array,
  icc: Uint8Array<ArrayBuffer>,
  texts: Uint8Array<ArrayBuffer> = new Uint8Array(0),
): Promise<{ start: Uint8Array<ArrayBuffer>; replaced: number }> {
  const kept: Uint8Array[] = [];
  let replaced = AFTER_HEADER;
  for (const { type, start, end } of pngChunks(head)) {
    if (type === 'IDAT') break;
    if (type === 'IHDR') continue;
    replaced = end;
    if (!COLOURS.has(type)) kept.push(head.subarray(start, end));
  }
  const body = joined([latin1Bytes('ICC profile\0\0'), await deflate(icc)]);
  const start = joined([head.subarray(0, AFTER_HEADER), pngChunk('iCCP', body), texts, ...kept]);
  return { start, replaced };
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @returns null if it is damaged or holds more than `maxBytes`: a few bytes may expand to gigabytes */
async function inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array | null> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('deflate'));
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(parts);
      length += value.byteLength;
      if (length > maxBytes) return null;
      parts.push(value);
    }
  } catch {
    return null;
  } finally {
    void reader.cancel().catch(() => {});
  }
}
