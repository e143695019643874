/** Tells the kind of a file from its first bytes: names and types given by others are often wrong. */
import { latin1 } from './bytes';
import { brandsOf } from './isoBoxes';

/** The kinds that are decoded: all but the last two by browsers, those two by their own decoders on the page. */
const readableKinds = ['png', 'jpeg', 'webp', 'avif', 'gif', 'bmp', 'heic', 'tiff'] as const;
export type ReadableKind = (typeof readableKinds)[number];

/** Kinds that are only recognised, by their usual names. */
const others = {
  svg: 'SVG (a drawing)',
  psd: 'Photoshop (PSD)',
  jp2: 'JPEG 2000',
  jxl: 'JPEG XL',
  exr: 'OpenEXR',
  hdr: 'Radiance HDR',
  dds: 'DDS',
  qoi: 'QOI',
  icns: 'ICNS',
  ico: 'ICO',
  tga: 'TGA',
  pnm: 'PNM',
  raw: 'a camera’s raw file',
  pdf: 'PDF',
  video: 'video',
} as const;
export type OtherKind = keyof typeof others;
export type PictureKind = ReadableKind | OtherKind;

const names: Record<PictureKind, string> = {
  png: 'PNG',
  jpeg: 'JPEG',
  webp: 'WebP',
  avif: 'AVIF',
  gif: 'GIF',
  bmp: 'BMP',
  heic: 'HEIC',
  tiff: 'TIFF',
  ...others,
};

/** Its usual name: `HEIC`, `Photoshop (PSD)`. */
export function kindName(kind: PictureKind): string {
  return names[kind];
}

export function isReadable(kind: PictureKind): kind is ReadableKind {
  return (readableKinds as readonly string[]).includes(kind);
}

/** How far into the file an SVG's first element may be, after its comments. */
const SVG_HEAD = 4096;
const magic: readonly (readonly [PictureKind, string, number?])[] = [
  ['png', '\x89PNG\r\n\x1a\n'],
  ['jpeg', '\xff\xd8\xff'],
  ['gif', 'GIF8'],
  ['webp', 'WEBP', 8],
  ['psd', '8BPS'],
  ['jp2', '\0\0\0\x0cjP  '],
  ['jp2', '\xff\x4f\xff\x51'],
  ['jxl', '\0\0\0\x0cJXL '],
  ['jxl', '\xff\x0a'],
  ['exr', 'v/1\x01'],
  ['hdr', '#?RADIANCE'],
  ['hdr', '#?RGBE'],
  ['dds', 'DDS '],
  ['qoi', 'qoif'],
  ['icns', 'icns'],
  ['ico', '\0\0\x01\0'],
  ['raw', 'FUJIFILM'],
  ['raw', 'CR\x02', 8],
  ['raw', 'IIU\0'],
  ['raw', 'IIRO'],
  ['pdf', '%PDF'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
  ['bmp', 'BM'],
  ['video', 'OggS'],
  ['video', '\x1a\x45\xdf\xa3'],
];

/**
 * @param head the file's first bytes, 4096 of them if there are as many
 * @param name for kinds without a signature
 * @returns null if it is not one of the known kinds
 */
export function kindOf(head: Uint8Array, name = ''): PictureKind | null {
  const start = latin1(head.subarray(0, 32));
  for (const [kind, mark, at = 0] of magic) if (start.startsWith(mark, at)) return kind;
  const brands = brandsOf(head);
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  if (brands.some((brand) => /^(he[a-z]{2}|mif1|msf1)$/.test(brand) || brand === 'miaf')) return 'heic';
  if (brands.some((brand) => brand === 'crx ')) return 'raw';
  if (brands.length > 0) return 'video';
  if (/^P[1-7][\s#]/.test(start)) return 'pnm';
  if (isSvg(head)) return 'svg';
  return /\.(tga|targa)$/i.test(name) ? 'tga' : null;
}

function isSvg(head: Uint8Array): boolean {
  // UTF-16 with its mark, or UTF-8.
  const encoding = head[0] === 0xfe ? 'utf-16be' : head[0] === 0xff ? 'utf-16le' : 'utf-8';
  const text = new TextDecoder(encoding).decode(head.subarray(0, SVG_HEAD)).trimStart();
  return text.startsWith('<') && /<(\w{1,32}:)?svg[\s>/]/i.test(text);
}
