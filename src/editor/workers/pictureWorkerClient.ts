/** The page's side of the worker for whole pictures: nothing here takes the page's own thread for long. */

import { bitmapPicture, type Picture } from '../document/picture';
import { thumbnail } from './codec';
import { withForeign } from './decodePicture';
import type { Encoded, EncodedType } from './encodeAs';
import type { Pasted, PictureWork, Prepared } from './pictureWork';
import type { Drawn, Task } from './pictureWorker';
import { createTaskClient } from './taskWorker';

/** What a run sends and what comes back lie further apart than this: meanwhile the worker's memory is the model's. */
const IDLE_MS = 5_000;
const LOST =
  'The picture could not be worked on: the browser stopped the work, most likely for lack of memory. Close other tabs and try again.';

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
    if (!smallest) throw new TypeError('a picture on the page has a level to draw');
    return thumbnail({ ...smallest, colourSpace: picture.colourSpace });
  },
  prepare: (request) => ask<Prepared | null>({ kind: 'prepare', request }, [request.mask.data.buffer]),
  paste: (request) => ask<Pasted>({ kind: 'paste', request }),
  extend: async (request) => toPicture(await ask<Drawn>({ kind: 'extend', request })),
};

/**
 * A picture of the page as a PNG, JPEG or WebP, with its profile and with its settings, as EXIF where it is no PNG.
 * @param onNote what is told where something is lost: transparency in a JPEG
 * @throws Error where this browser cannot write such a file, with what to do
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
