/** What the first bytes of an image file say: its kind, its colours, its bits. */
import { type Profile, readProfile } from './iccProfile';
import { readIsoColours } from './isoBoxes';
import { readJpeg } from './jpegSegments';
import { kindOf, type PictureKind } from './pictureKind';
import { readPngColours } from './pngColours';
import { webpProfile } from './webpChunks';

export interface PictureHead {
  kind: PictureKind | null;
  /** Null if the file names none: its colours are sRGB's. */
  profile: Profile | null;
  /** Bits a channel. */
  bits: number;
  isCmyk: boolean;
}

/** Bytes that hold everything before the pixels: a JPEG's size may come after a preview and a profile. */
export const HEAD_BYTES = 2 ** 20;

/** @param head the file's first {@link HEAD_BYTES} @param name of the file, for kinds without a mark of their own */
export async function readHead(head: Uint8Array, name = ''): Promise<PictureHead> {
  const kind = kindOf(head, name);
  const plain = { kind, profile: null, bits: 8, isCmyk: false };
  switch (kind) {
    case 'png': {
      const { bits, profile } = await readPngColours(head);
      return { ...plain, bits, profile };
    }
    case 'jpeg': {
      const { icc, bits, channels } = readJpeg(head);
      return { ...plain, bits, isCmyk: channels === 4, profile: icc && readProfile(icc) };
    }
    case 'webp': {
      const icc = webpProfile(head);
      return { ...plain, profile: icc && readProfile(icc) };
    }
    case 'avif':
    case 'heic':
      return { ...plain, ...readIsoColours(head) };
    default:
      return plain;
  }
}

/** What is lost on opening, in words; null if nothing is. */
export function lossInWords({ profile, bits, isCmyk }: Omit<PictureHead, 'kind'>): string | null {
  const losses = [
    ...(isCmyk
      ? ['its CMYK colours become sRGB']
      : profile?.space === 'other'
        ? [`its colours (${profile.name || 'a profile of its own'}) become sRGB`]
        : []),
    ...(bits > 8 ? [`its ${bits} bits a channel become 8`] : []),
  ];
  return losses.length > 0 ? losses.join(' and ') : null;
}
