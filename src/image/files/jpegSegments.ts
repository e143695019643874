/** The segments of JPEG files before their pixels (ITU-T T.81, annex B): profiles, EXIF, size. */
import { joined, latin1, latin1Bytes } from './bytes';
import { MAX_PROFILE_BYTES } from './iccProfile';

interface Segment {
  marker: number;
  body: Uint8Array;
}

const APP1 = 0xe1;
const APP2 = 0xe2;
const START_OF_SCAN = 0xda;
const EXIF = 'Exif\0\0';
/** ICC.1:2022, B.4: then which part it is and of how many, a byte each. */
const PROFILE = 'ICC_PROFILE\0';
const MAX_SEGMENT = 65_533;
/** Where segments may be put in: after the start of the image. */
const AFTER_START = 2;

/** @param head the file's first bytes; a segment that they cut off is not given */
function* segments(head: Uint8Array): Generator<Segment> {
  if (head[0] !== 0xff || head[1] !== 0xd8) return;
  let at = AFTER_START;
  while (at + 4 <= head.length && head[at] === 0xff) {
    const marker = head[at + 1] ?? 0;
    // A marker may be preceded by any number of filling bytes.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + (head[at + 2] ?? 0) * 256 + (head[at + 3] ?? 0);
    if (marker === START_OF_SCAN || end > head.length || end < at + 4) return;
    yield { marker, body: head.subarray(at + 4, end) };
    at = end;
  }
}

/** What a JPEG's head says of its colours. */
export function readJpeg(head: Uint8Array): { icc: Uint8Array | null; bits: number; channels: number } {
  const parts: { number: number; body: Uint8Array }[] = [];
  let [bits, channels] = [8, 3];
  for (const { marker, body } of segments(head)) {
    if (marker === APP2 && latin1(body.subarray(0, PROFILE.length)) === PROFILE && parts.length < 255)
      parts.push({ number: body[PROFILE.length] ?? 0, body: body.subarray(PROFILE.length + 2) });
    // Start of frame, of whatever process; not the tables among them.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      bits = body[0] ?? 8;
      channels = body[5] ?? 3;
    }
  }
  const icc =
    parts.length > 0 ? joined(parts.sort((a, b) => a.number - b.number).map(({ body }) => body)) : null;
  return { icc: icc && icc.length <= MAX_PROFILE_BYTES ? icc : null, bits, channels };
}

/** @returns the TIFF structure of a JPEG's EXIF */
export function jpegExif(head: Uint8Array): Uint8Array | null {
  for (const { marker, body } of segments(head))
    if (marker === APP1 && latin1(body.subarray(0, EXIF.length)) === EXIF) return body.subarray(EXIF.length);
  return null;
}

/** A JPEG with another profile and with EXIF. @param file without EXIF, as encoders write it */
export function withJpegParts(
  file: Uint8Array,
  { icc, exif }: { icc: Uint8Array | null; exif: Uint8Array | null },
): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [];
  let at = AFTER_START;
  for (const { marker, body } of segments(file)) {
    const end = at + 4 + body.length;
    const isProfile = marker === APP2 && latin1(body.subarray(0, PROFILE.length)) === PROFILE;
    if (icc === null || !isProfile) kept.push(file.subarray(at, end));
    at = end;
  }
  // JFIF's own segment comes first.
  const first = kept[0]?.[1] === 0xe0 ? kept.splice(0, 1) : [];
  const added = [
    ...(exif ? [segment(APP1, latin1Bytes(EXIF), exif)] : []),
    ...(icc ? profileParts(icc) : []),
  ];
  return joined([file.subarray(0, AFTER_START), ...first, ...added, ...kept, file.subarray(at)]);
}

function profileParts(icc: Uint8Array): Uint8Array[] {
  const room = MAX_SEGMENT - PROFILE.length - 2;
  const count = Math.ceil(icc.length / room);
  // Numbered by a byte.
  if (count > 255) return [];
  return Array.from({ length: count }, (_, i) =>
    segment(
      APP2,
      joined([latin1Bytes(PROFILE), Uint8Array.of(i + 1, count)]),
      icc.subarray(i * room, (i + 1) * room),
    ),
  );
}

function segment(marker: number, ...body: Uint8Array[]): Uint8Array {
  const whole = joined(body);
  const length = whole.length + 2;
  return joined([Uint8Array.of(0xff, marker, length >> 8, length & 255), whole]);
}
