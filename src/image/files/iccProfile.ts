/**
 * What a colour profile says (ICC.1:2022): whether an image's values are sRGB's or Display P3's, or another space's that
 * has to be converted. Only profiles made of three primaries and a curve can be either.
 */
import { joined, latin1, latin1Bytes } from './bytes';

/** The two spaces in which images are edited. */
export type ColourSpace = 'srgb' | 'display-p3';

export interface Profile {
  /** `other`: the decoder has to convert it. */
  space: ColourSpace | 'other';
  /** Its usual name, e.g. `Adobe RGB (1998)`. */
  name: string;
  /** The file's own bytes; null if the file only gives a number. */
  icc: Uint8Array<ArrayBuffer> | null;
}

/** Bytes: those of presses have 2 to 3 million. */
export const MAX_PROFILE_BYTES = 8_000_000;
/** Tags: real profiles have some twenty. */
const MAX_TAGS = 200;
const MAX_NAME_LENGTH = 60;

/** Red, green and blue as X, Y, Z under D50, as profiles of the two spaces hold them. */
const primaries: Record<ColourSpace, readonly (readonly [number, number, number])[]> = {
  srgb: [
    [0.4361, 0.2225, 0.0139],
    [0.3851, 0.7169, 0.0971],
    [0.1431, 0.0606, 0.7139],
  ],
  'display-p3': [
    [0.5151, 0.2412, -0.0011],
    [0.292, 0.6922, 0.0419],
    [0.1571, 0.0666, 0.7841],
  ],
};
/** Profiles round, and adapt the white point each in its own way. */
const PRIMARY_TOLERANCE = 0.003;
const CURVE_TOLERANCE = 0.01;

/** @returns null if the bytes are not a profile */
export function readProfile(icc: Uint8Array): Profile | null {
  if (icc.length < 132 || icc.length > MAX_PROFILE_BYTES || latin1(icc.subarray(36, 40)) !== 'acsp')
    return null;
  const tags = readTags(icc);
  const bytes = new Uint8Array(icc);
  const name = nameIn(tags.get('desc')) || latin1(icc.subarray(16, 20)).trim();
  const matches = (space: ColourSpace) => {
    const places = ['rXYZ', 'gXYZ', 'bXYZ'].map((tag) => readXyz(tags.get(tag)));
    return places.every((place, i) =>
      place?.every((value, axis) => Math.abs(value - (primaries[space][i]?.[axis] ?? 0)) < PRIMARY_TOLERANCE),
    );
  };
  const isSimple =
    latin1(icc.subarray(16, 20)) === 'RGB ' &&
    !tags.has('A2B0') &&
    ['rTRC', 'gTRC', 'bTRC'].every((tag) => isSrgbCurve(tags.get(tag)));
  const space = !isSimple
    ? 'other'
    : matches('srgb')
      ? 'srgb'
      : matches('display-p3')
        ? 'display-p3'
        : 'other';
  return { space, name, icc: bytes };
}

/**
 * The same by coding-independent code points (ITU-T H.273), as cICP chunks and nclx boxes have them.
 * @param primaries 1: sRGB's, 12: Display P3's @param transfer 13: sRGB's curve
 */
export function profileOfCodes(primaries: number, transfer: number): Profile {
  // 1, 6 and 14: the curve of television, which programs show as sRGB's.
  const isPlain = [1, 2, 6, 13, 14].includes(transfer);
  if (isPlain && primaries === 12) {
    return { space: 'display-p3', name: 'Display P3', icc: displayP3Profile() };
  }
  if (isPlain && (primaries === 1 || primaries === 2)) return { space: 'srgb', name: 'sRGB', icc: null };
  const hdr = transfer === 16 ? ' PQ' : transfer === 18 ? ' HLG' : '';
  const name = primaries === 9 ? `BT.2020${hdr}` : `colour space ${primaries}/${transfer}`;
  return { space: 'other', name, icc: null };
}

function readTags(icc: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(icc.buffer, icc.byteOffset, icc.byteLength);
  const count = Math.min(view.getUint32(128), MAX_TAGS, Math.floor((icc.length - 132) / 12));
  const tags = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const at = 132 + i * 12;
    const start = view.getUint32(at + 4);
    tags.set(latin1(icc.subarray(at, at + 4)), icc.subarray(start, start + view.getUint32(at + 8)));
  }
  return tags;
}

function viewOf(tag: Uint8Array): DataView {
  return new DataView(tag.buffer, tag.byteOffset, tag.byteLength);
}

function readXyz(tag: Uint8Array | undefined): number[] | null {
  if (!tag || tag.length < 20) return null;
  return [8, 12, 16].map((at) => viewOf(tag).getInt32(at) / 65536);
}

/** The text of a `desc` tag, of either version. */
function nameIn(tag: Uint8Array | undefined): string {
  if (!tag || tag.length < 16) return '';
  const view = viewOf(tag);
  let text = '';
  if (latin1(tag.subarray(0, 4)) === 'desc')
    text = latin1(tag.subarray(12, 12 + Math.min(200, view.getUint32(8))));
  else if (latin1(tag.subarray(0, 4)) === 'mluc' && tag.length >= 28) {
    const start = view.getUint32(24);
    text = new TextDecoder('utf-16be').decode(tag.subarray(start, start + Math.min(200, view.getUint32(20))));
  }
  return text.replaceAll(/\p{C}/gu, '').trim().slice(0, MAX_NAME_LENGTH);
}

function srgbToLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function isSrgbCurve(tag: Uint8Array | undefined): boolean {
  const curve = tag && curveOf(tag);
  if (!curve) return false;
  return [0.1, 0.25, 0.5, 0.75, 0.9, 1].every(
    (value) => Math.abs(curve(value) - srgbToLinear(value)) < CURVE_TOLERANCE,
  );
}

/** From 0 … 1 to linear light. */
function curveOf(tag: Uint8Array): ((value: number) => number) | null {
  if (tag.length < 12) return null;
  const view = viewOf(tag);
  const type = latin1(tag.subarray(0, 4));
  if (type === 'curv') {
    const count = view.getUint32(8);
    if (count === 0) return (value) => value;
    if (tag.length < 12 + 2 * count) return null;
    if (count === 1) return (value) => value ** (view.getUint16(12) / 256);
    return (value) => {
      const place = value * (count - 1);
      const below = Math.min(count - 2, Math.floor(place));
      const [a, b] = [view.getUint16(12 + 2 * below), view.getUint16(14 + 2 * below)];
      return (a + (b - a) * (place - below)) / 65535;
    };
  }
  const kind = view.getUint16(8);
  const count = [1, 3, 4, 5, 7][kind];
  if (type !== 'para' || count === undefined || tag.length < 12 + 4 * count) return null;
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from(
    { length: count },
    (_, i) => view.getInt32(12 + 4 * i) / 65536,
  );
  // ICC.1:2022, table 68.
  if (kind === 0) return (x) => x ** g;
  if (kind === 1) return (x) => (x >= -b / a ? (a * x + b) ** g : 0);
  if (kind === 2) return (x) => (x >= -b / a ? (a * x + b) ** g + c : c);
  if (kind === 3) return (x) => (x >= d ? (a * x + b) ** g : c * x);
  return (x) => (x >= d ? (a * x + b) ** g + e : c * x + f);
}

/** A Display P3 profile for images whose files only give its number: primaries under D50 and sRGB's curve. */
export function displayP3Profile(): Uint8Array<ArrayBuffer> {
  const fixed = (...values: number[]) => {
    const bytes = new Uint8Array(4 * values.length);
    values.forEach((value, i) => {
      viewOf(bytes).setInt32(4 * i, Math.round(value * 65536));
    });
    return bytes;
  };
  const words = (...values: number[]) => {
    const bytes = new Uint8Array(4 * values.length);
    values.forEach((value, i) => {
      viewOf(bytes).setUint32(4 * i, value);
    });
    return bytes;
  };
  const text = (value: string) => {
    const letters = Uint8Array.from(value, (letter) => letter.charCodeAt(0));
    const wide = new Uint8Array(2 * letters.length);
    letters.forEach((letter, i) => {
      wide[2 * i + 1] = letter;
    });
    return joined([
      latin1Bytes('mluc\0\0\0\0'),
      words(1, 12),
      latin1Bytes('enUS'),
      words(wide.length, 28),
      wide,
    ]);
  };
  const xyz = (values: readonly number[]) => joined([latin1Bytes('XYZ \0\0\0\0'), fixed(...values)]);
  const curve = joined([
    latin1Bytes('para\0\0\0\0\0\x03\0\0'),
    fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
  ]);
  const [red = [], green = [], blue = []] = primaries['display-p3'];
  const white = [0.9642, 1, 0.8249];
  const tags: [string, Uint8Array][] = [
    ['desc', text('Display P3')],
    ['cprt', text('CC0')],
    ['wtpt', xyz(white)],
    ['rXYZ', xyz(red)],
    ['gXYZ', xyz(green)],
    ['bXYZ', xyz(blue)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ];
  const padded = tags.map(([name, body]) => {
    const bytes = new Uint8Array(Math.ceil(body.length / 4) * 4);
    bytes.set(body);
    return { name, length: body.length, bytes };
  });
  let offset = 132 + 12 * tags.length;
  const table = padded.map(({ name, length, bytes }) => {
    const row = joined([latin1Bytes(name), words(offset, length)]);
    offset += bytes.length;
    return row;
  });
  const header = new Uint8Array(128);
  header.set(words(offset), 0);
  header.set([4, 0x20], 8);
  header.set(latin1Bytes('mntrRGB XYZ '), 12);
  header.set(latin1Bytes('acsp'), 36);
  header.set(fixed(...white), 68);
  return joined([header, words(tags.length), ...table, ...padded.map(({ bytes }) => bytes)]);
}
