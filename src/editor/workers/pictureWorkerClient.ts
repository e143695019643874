/** The page's side of the worker for whole images: nothing here blocks the page for long. */

import { bitmapPicture, type Picture } from '../document/picture';
import { thumbnail } from './codec';
import { withForeign } from './decodePicture';
import type { Encoded, EncodedType } from './encodeAs';
import type { Patch } from './maskOperations';
import type { Pasted, PictureWork, Prepared } from './pictureWork';
import type { Drawn, Task } from './pictureWorker';
import { createTaskClient } from './taskWorker';

/** Shorter than a run, so that the model has the worker's memory between sending and pasting. */
const IDLE_MS = 5_000;
const LOST =
  'The image could not be processed: the browser stopped the work, most likely because memory ran out. Close other tabs and try again.';

const { ask } = createTaskClient<Task>(
  () => new Worker(new URL('./pictureWorker.ts', import.meta.url), { type: 'module' }),
  IDLE_MS,
  LOST,
);

const toPicture = ({ file, bitmaps, colourSpace, loss }: Drawn): Picture =>
  bitmapPicture(file, bitmaps, colourSpace, loss);

export const imaging: PictureWork = {
  open: (file, name) =>
    withForeign(file, name, async (readable, bits) =>
      toPicture(await ask<Drawn>({ kind: 'open', file: readable, name, bits })),
    ),
  thumbnail(picture) {
    const smallest = picture.levels.at(-1);
    if (!smallest) throw new TypeError('a picture on the page has at least one level');
    return thumbnail({ ...smallest, colourSpace: picture.colourSpace });
  },
  prepare: (request) => ask<Prepared | null>({ kind: 'prepare', request }, [request.mask.data.buffer]),
  paste: (request) => ask<Pasted>({ kind: 'paste', request }),
  extend: async (request) => toPicture(await ask<Drawn>({ kind: 'extend', request })),
};

/** What a mask covers, on transparency. @param part is transferred @returns a PNG of the part's size */
export function cutOut(picture: Blob, part: Patch): Promise<Blob> {
  return ask({ kind: 'cutOut', request: { picture, part } }, [part.mask.data.buffer]);
}

/**
 * An image as PNG, JPEG or WebP, with its profile and its settings (in EXIF unless it is a PNG).
 * @param onNote called with a sentence if something is lost, such as transparency in a JPEG
 * @throws Error that says what to do, if this browser cannot write such a file
 */
export async function encodeAs(
  file: Blob,
  type: EncodedType,
  onNote: (note: string) => void = () => {},
): Promise<Blob> {
  const { file: encoded, note } = await ask<Encoded>({ kind: 'encode', file, type });
  if (note !== null) onNote(note);
  return encoded;
}
