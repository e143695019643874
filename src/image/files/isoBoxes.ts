/** What the header of a HEIC or AVIF file says of its colours (ISO/IEC 14496-12; 23008-12, 6.5). */
import { latin1 } from './bytes';
import { MAX_PROFILE_BYTES, type Profile, profileOfCodes, readProfile } from './iccProfile';

/** Boxes of one level that are looked at: a photograph in tiles has a few hundred properties. */
const MAX_BOXES = 4000;

interface Box {
  type: string;
  body: Uint8Array;
}

function boxesIn(bytes: Uint8Array): Box[] {
  const boxes: Box[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length && boxes.length < MAX_BOXES; ) {
    const size = view.getUint32(at);
    const type = latin1(bytes.subarray(at + 4, at + 8));
    // 0: to the end of the file; 1: a size of 64 bits, which no header needs.
    const end = size === 0 ? bytes.length : at + size;
    if (size === 1 || end < at + 8) break;
    boxes.push({ type, body: bytes.subarray(at + 8, end) });
    at = end;
  }
  return boxes;
}

/** The brands that a file names, its own first. */
export function brandsOf(head: Uint8Array): string[] {
  if (latin1(head.subarray(4, 8)) !== 'ftyp') return [];
  const [box] = boxesIn(head.subarray(0, 512));
  const letters = latin1((box?.body ?? new Uint8Array(0)).subarray(0, 256));
  // A version follows the first one.
  return Array.from({ length: Math.floor(letters.length / 4) }, (_, i) =>
    letters.slice(i * 4, i * 4 + 4),
  ).filter((_, i) => i !== 1);
}

/**
 * The first profile counts, or else the first code points: those of the image come before those of its thumbnail.
 * @param head the file's first bytes
 */
export function readIsoColours(head: Uint8Array): { bits: number; profile: Profile | null } {
  const meta = boxesIn(head).find(({ type }) => type === 'meta');
  // Version and flags come first.
  const properties = boxesIn(meta?.body.subarray(4) ?? new Uint8Array(0)).find(({ type }) => type === 'iprp');
  const found = boxesIn(properties?.body ?? new Uint8Array(0)).find(({ type }) => type === 'ipco');
  let bits = 8;
  let codes: Profile | null = null;
  let icc: Profile | null = null;
  for (const { type, body } of boxesIn(found?.body ?? new Uint8Array(0))) {
    if (type === 'pixi' && body.length > 5) bits = Math.max(bits, body[5] ?? 8);
    if (type !== 'colr') continue;
    const kind = latin1(body.subarray(0, 4));
    if ((kind === 'prof' || kind === 'rICC') && body.length <= MAX_PROFILE_BYTES)
      icc ??= readProfile(body.subarray(4));
    if (kind === 'nclx' && body.length >= 8)
      codes ??= profileOfCodes((body[4] ?? 0) * 256 + (body[5] ?? 0), (body[6] ?? 0) * 256 + (body[7] ?? 0));
  }
  return { bits, profile: icc ?? codes };
}
