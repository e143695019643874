/**
 * Settings in EXIF, for the kinds of files that have no texts as PNG has: AUTOMATIC1111's in `UserComment`, where it and its
 * followers look, Inlay's own JSON in `MakerNote`. The form is TIFF's (Exif 3.0, 4.5; TIFF 6.0, section 2).
 */
import { joined, latin1, latin1Bytes } from './bytes';
import type { PngText } from './pngText';

const EXIF_POINTER = 0x8769;
const MAKER_NOTE = 0x927c;
const USER_COMMENT = 0x9286;
const UNDEFINED = 7;
const LONG = 4;
const UNICODE = 'UNICODE\0';
const ASCII = 'ASCII\0\0\0';
/** Ours, before the keyword and its text. */
const OWN = 'inlay\0';
/** Fields of a directory that are looked at: cameras write some sixty. */
const MAX_FIELDS = 500;
/** A JPEG's segment holds no more; other kinds get the same. */
const MAX_BYTES = 65_000;

/** @returns a TIFF structure with the texts; without ours if they are too long, or null if even the others do not fit */
export function exifOf(texts: readonly PngText[]): Uint8Array<ArrayBuffer> | null {
  const parameters = texts.find(({ keyword }) => keyword === 'parameters');
  const own = texts.find(({ keyword }) => keyword === 'inlay');
  const fields: [tag: number, value: Uint8Array][] = [];
  if (own) {
    fields.push([MAKER_NOTE, joined([latin1Bytes(OWN), new TextEncoder().encode(own.text)])]);
  }
  if (parameters) {
    fields.push([USER_COMMENT, joined([latin1Bytes(UNICODE), utf16(parameters.text)])]);
  }
  while (fields.length > 0 && sizeOf(fields) > MAX_BYTES) fields.shift();
  return fields.length > 0 ? structure(fields) : null;
}

/** The texts in a TIFF structure, under the keywords that a PNG has. */
export function readExifTexts(exif: Uint8Array): PngText[] {
  const order = latin1(exif.subarray(0, 2));
  if (exif.length < 8 || (order !== 'MM' && order !== 'II')) return [];
  const little = order === 'II';
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const pointer = fieldsAt(exif, view.getUint32(4, little), little).find(
    ([tag]) => tag === EXIF_POINTER,
  )?.[1];
  if (pointer === undefined || pointer.length < 4) return [];
  const offset = new DataView(pointer.buffer, pointer.byteOffset, 4).getUint32(0, little);
  return fieldsAt(exif, offset, little).flatMap(([tag, value]) => {
    if (tag === USER_COMMENT) return { keyword: 'parameters', text: commentIn(value, little) };
    const isOwn = tag === MAKER_NOTE && latin1(value.subarray(0, OWN.length)) === OWN;
    return isOwn ? { keyword: 'inlay', text: new TextDecoder().decode(value.subarray(OWN.length)) } : [];
  });
}

function commentIn(value: Uint8Array, little: boolean): string {
  const code = latin1(value.subarray(0, 8));
  const body = value.subarray(8);
  if (code === ASCII) return new TextDecoder().decode(body);
  if (code !== UNICODE) return '';
  // Programs disagree about its order of bytes: settings are mostly ASCII, whose upper bytes are 0.
  const isBig = body[0] === 0 || (body[1] !== 0 && !little);
  return new TextDecoder(isBig ? 'utf-16be' : 'utf-16le').decode(body);
}

const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

/** A directory's fields; those that reach beyond the end are left out. */
function fieldsAt(exif: Uint8Array, offset: number, little: boolean): [tag: number, value: Uint8Array][] {
  if (offset + 2 > exif.length) return [];
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const count = Math.min(view.getUint16(offset, little), MAX_FIELDS);
  const fields: [number, Uint8Array][] = [];
  for (let i = 0, at = offset + 2; i < count && at + 12 <= exif.length; i++, at += 12) {
    const length = (sizes[view.getUint16(at + 2, little)] ?? 0) * view.getUint32(at + 4, little);
    const start = length <= 4 ? at + 8 : view.getUint32(at + 8, little);
    if (start + length > exif.length) continue;
    fields.push([view.getUint16(at, little), exif.subarray(start, start + length)]);
  }
  return fields;
}

/** Header and first directory with its one pointer; then the second directory, its fields' values behind it. */
const SECOND = 8 + 2 + 12 + 4;

function sizeOf(fields: readonly [number, Uint8Array][]): number {
  return fields.reduce((sum, [, value]) => sum + 12 + value.length + 1, SECOND + 6);
}

/** @param fields in the order of their tags, each of more than 4 bytes */
function structure(fields: readonly [tag: number, value: Uint8Array][]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeOf(fields));
  const view = new DataView(bytes.buffer);
  bytes.set(latin1Bytes('MM\0*'));
  view.setUint32(4, 8);
  const field = (at: number, tag: number, type: number, count: number, value: number) => {
    view.setUint16(at, tag);
    view.setUint16(at + 2, type);
    view.setUint32(at + 4, count);
    view.setUint32(at + 8, value);
  };
  view.setUint16(8, 1);
  field(10, EXIF_POINTER, LONG, 1, SECOND);
  view.setUint16(SECOND, fields.length);
  let offset = SECOND + 2 + fields.length * 12 + 4;
  for (const [i, [tag, value]] of fields.entries()) {
    field(SECOND + 2 + i * 12, tag, UNDEFINED, value.length, offset);
    bytes.set(value, offset);
    // Offsets are even.
    offset += value.length + (value.length & 1);
  }
  return bytes;
}

function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i));
  return bytes;
}
