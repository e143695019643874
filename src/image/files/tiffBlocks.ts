/**
 * The compressed blocks of a TIFF, unpacked into as many bytes as the block can hold. The library's own LZW runs for ever on
 * codes beyond its table, and its LZW and PackBits end the process if a block is very large; its Deflate has no limit.
 * Source: TIFF, revision 6.0, sections 9 and 13.
 */

const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const LEAST_BITS = 9;
const MOST_BITS = 12;
const TABLE = 2 ** MOST_BITS;

/**
 * @param most bytes that the block holds at most; what would come after them is left out
 * @throws Error if the stream is damaged
 */
export function unpackLzw(packed: Uint8Array, most: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(most);
  let end = 0;
  // Each entry is a stretch of the output: from the start of the one before it, one byte longer.
  const begins = new Uint32Array(TABLE);
  const lengths = new Uint32Array(TABLE);
  let next = FIRST_FREE;
  let bits = LEAST_BITS;
  let previous: { begin: number; length: number } | undefined;
  let window = 0;
  let held = 0;
  let at = 0;
  while (end < most) {
    while (held < bits) {
      if (at >= packed.length) return out.subarray(0, end);
      window = ((window << 8) | (packed[at++] as number)) & 0xffffff;
      held += 8;
    }
    held -= bits;
    const code = (window >>> held) & (2 ** bits - 1);
    if (code === END) break;
    if (code === CLEAR) {
      next = FIRST_FREE;
      bits = LEAST_BITS;
      previous = undefined;
      continue;
    }
    const begin = end;
    if (code < CLEAR) out[end++] = code;
    else {
      const isNew = code === next && previous !== undefined;
      if (code >= next && !isNew) throw new Error('its LZW codes are damaged');
      const from = isNew ? (previous?.begin ?? 0) : (begins[code] as number);
      const length = isNew ? (previous?.length ?? 0) + 1 : (lengths[code] as number);
      // Byte by byte: a new entry ends with what it is just writing.
      for (let i = 0; i < length && end < most; i++) out[end++] = out[from + i] as number;
    }
    if (previous !== undefined && next < TABLE) {
      begins[next] = previous.begin;
      lengths[next] = previous.length + 1;
      next++;
    }
    previous = { begin, length: end - begin };
    // One code early, as TIFF's writers do.
    if (next + 1 >= 2 ** bits && bits < MOST_BITS) bits++;
  }
  return out.subarray(0, end);
}

/** @param most as of {@link unpackLzw} */
export function unpackBits(packed: Uint8Array, most: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(most);
  let end = 0;
  for (let at = 0; at < packed.length && end < most; ) {
    const head = packed[at++] as number;
    if (head < 128) {
      const run = packed.subarray(at, at + Math.min(head + 1, most - end));
      out.set(run, end);
      end += run.length;
      at += head + 1;
    } else if (head > 128) {
      const next = Math.min(end + 257 - head, most);
      out.fill(packed[at++] ?? 0, end, next);
      end = next;
    }
  }
  return out.subarray(0, end);
}

/** @param most as of {@link unpackLzw} @throws TypeError if the stream is damaged */
export async function inflate(
  packed: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(most);
  let end = 0;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const reader = stream.getReader();
  while (end < most) {
    const { done, value } = await reader.read();
    if (done) return out.subarray(0, end);
    const part = value.subarray(0, most - end);
    out.set(part, end);
    end += part.length;
  }
  await reader.cancel();
  return out;
}
