/** The page's side of the mask worker. */
import type { Size } from '../../image/geometry';
import type { MaskReading, ReadMask } from '../../image/mask/maskReading';
import type { Mask } from '../../image/raster';
import type { Picture } from '../document/picture';
import type { MaskWork, Patch } from './maskOperations';
import type { Task } from './maskWorker';
import { createTaskClient } from './taskWorker';

/** After this the worker's copy of the image is worth less than its memory. */
const IDLE_MS = 20_000;
const LOST = 'The mask could not be computed: the browser stopped the work. Close other tabs and try again.';

export interface MaskWorker extends MaskWork {
  /** @param painted the part that is not black; its mask is transferred @returns a PNG, white on black */
  encode(size: Size, painted: Patch | null): Promise<Blob>;
  /** Reads a mask that Inlay wrote, value for value; closes the bitmap. */
  decode(bitmap: ImageBitmap): Promise<Mask>;
  /** Reads a mask from any source; closes the bitmap. @param reading to use instead of the one that it suggests */
  read(bitmap: ImageBitmap, reading?: MaskReading): Promise<ReadMask>;
}

export function createMaskWorker(): MaskWorker {
  let sentPicture: Picture | null = null;
  const client = createTaskClient<Task>(
    () => new Worker(new URL('./maskWorker.ts', import.meta.url), { type: 'module' }),
    IDLE_MS,
    LOST,
  );
  const { ask } = client;
  /** The image's file, unless the worker has already decoded it. */
  const fileFor = (picture: Picture): Blob | null => {
    if (client.running && sentPicture === picture) return null;
    sentPicture = picture;
    return picture.file;
  };
  return {
    edge: (edge, mask, radius) => ask({ kind: 'edge', edge, mask, radius }, [mask.data.buffer]),
    select: (picture, { id: operation }, request) =>
      ask<Patch>({ kind: 'select', operation, request, file: fileFor(picture) }),
    transparency: (picture) => ask<Patch | null>({ kind: 'transparency', file: fileFor(picture) }),
    encode: ({ width, height }, painted) =>
      ask({ kind: 'encode', size: { width, height }, painted }, painted ? [painted.mask.data.buffer] : []),
    decode: (bitmap) => ask({ kind: 'decode', bitmap }, [bitmap]),
    read: (bitmap, reading) => ask<ReadMask>({ kind: 'read', bitmap, reading }, [bitmap]),
  };
}
