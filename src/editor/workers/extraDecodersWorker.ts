/** In a worker: converts a HEIC or TIFF to a PNG, which every browser decodes, and keeps its profile. */
import { messageOf } from '../../contract/errors';
import { openHeif } from '../../image/files/heif';
import { readHead } from '../../image/files/pictureHead';
import { decodeTiff } from '../../image/files/tiff';
import type { Pixels } from '../../image/raster';
import { canvasSurface } from './surface';

export interface ForeignTask {
  file: Blob;
  kind: 'heic' | 'tiff';
  maxSide: number;
}

export type ForeignAnswer =
  | {
      /** A PNG. */
      file: Blob;
      /** The file's bits per channel. */
      bits: number;
    }
  | { error: string };

self.addEventListener('message', async ({ data: task }: MessageEvent<ForeignTask>) => {
  try {
    self.postMessage((await convert(task)) satisfies ForeignAnswer);
  } catch (error) {
    self.postMessage({
      error: messageOf(error),
    } satisfies ForeignAnswer);
  }
});

async function convert({
  file,
  kind,
  maxSide,
}: ForeignTask): Promise<Extract<ForeignAnswer, { file: Blob }>> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { pixels, bits, icc } =
    kind === 'heic' ? await readHeic(bytes, maxSide) : await readTiff(bytes, maxSide);
  // The canvas must not convert the values: which colours they mean is said by the profile.
  const surface = canvasSurface(pixels, undefined, undefined, { colourSpace: 'srgb', icc });
  surface.write(pixels, 0, 0);
  return { file: await surface.toPng(), bits };
}

interface Read {
  pixels: Pixels;
  bits: number;
  icc: Uint8Array<ArrayBuffer> | null;
}

async function readHeic(bytes: Uint8Array, maxSide: number): Promise<Read> {
  const picture = await openHeif(bytes).catch((error: unknown) => {
    throw damaged(error);
  });
  try {
    if (Math.max(picture.width, picture.height) > maxSide) throw tooLarge(picture, maxSide);
    const { profile, bits } = await readHead(bytes);
    const pixels = await picture.decode().catch((error: unknown) => {
      throw damaged(error);
    });
    return { pixels, bits, icc: profile?.icc ?? null };
  } finally {
    picture.close();
  }
}

async function readTiff(bytes: Uint8Array, maxSide: number): Promise<Read> {
  try {
    const { pixels, bits, profile, isCmyk } = await decodeTiff(bytes, maxSide);
    // A print profile does not describe the RGB that the decoder made.
    return { pixels, bits, icc: isCmyk ? null : (profile?.icc ?? null) };
  } catch (error) {
    if (error instanceof RangeError && /^\d+ × \d+$/.test(error.message)) {
      throw new Error(
        `is ${error.message} pixels; Inlay opens up to ${maxSide} a side. Scale it down first.`,
      );
    }
    throw new Error(
      `is a TIFF that cannot be read: its decoder says “${messageOf(error)}”. Convert it to PNG and open that.`,
    );
  }
}

function tooLarge({ width, height }: { width: number; height: number }, maxSide: number): Error {
  return new Error(
    `is ${width} × ${height} pixels; Inlay opens up to ${maxSide} a side. Scale it down first.`,
  );
}

function damaged(error: unknown): Error {
  const reason = messageOf(error);
  return new Error(`is damaged or cut off: its decoder says “${reason}”. Get the file again.`);
}
