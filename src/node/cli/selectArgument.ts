/** The mask of the thing at the places that `--select` and `--select-not` name. */
import { availableParallelism } from 'node:os';
import { DEFAULT_GROW } from '../../contract/assist';
import { InputError } from '../../contract/errors';
import { convertColours } from '../../image/colourSpace';
import { rectOfSize } from '../../image/geometry';
import { maskToPixels } from '../../image/mask/mask';
import { createMask } from '../../image/raster';
import { createNodeAssistant, imageOfPixels } from '../assistant';
import type { FilePicture } from '../images';
import type { Arguments } from './args';
import type { MaskArgument } from './maskArgument';

/**
 * Selects as a press on the page does, with the whole image in sight.
 * @throws InputError (`--select`) if a place lies outside the image or nothing is there
 */
export async function selectArgument(
  picture: FilePicture,
  { select, threads = availableParallelism() }: Pick<Arguments, 'select' | 'threads'>,
  signal: AbortSignal,
): Promise<MaskArgument> {
  const { width, height } = picture;
  for (const { x, y, include } of select) {
    if (x < width && y < height) continue;
    const flag = include ? '--select' : '--select-not';
    throw new InputError(flag, `${flag}: ${x},${y} is outside the image, which is ${width} × ${height}`);
  }
  const assistant = createNodeAssistant(threads);
  try {
    const image = imageOfPixels(convertColours(picture, picture.colourSpace, 'srgb'));
    const request = { points: [...select], view: rectOfSize(picture), refines: false, grow: DEFAULT_GROW };
    const part = await assistant.select(image, request, () => signal.throwIfAborted());
    if (part === null) throw new InputError('--select', '--select: there is no thing at that place');
    const mask = createMask(picture);
    for (let row = 0; row < part.height; row++) {
      const line = part.data.subarray(row * part.width, (row + 1) * part.width);
      mask.data.set(line, (part.y + row) * width + part.x);
    }
    return { mask, unpasted: maskToPixels(mask), note: null };
  } finally {
    await assistant.dispose();
  }
}
