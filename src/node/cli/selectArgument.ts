/** The mask of what `--select`, `--select-name` and `--select-not` name. */
import { availableParallelism } from 'node:os';
import { type AssistPoint, DEFAULT_GROW, MAX_AGAIN, type MaskPart } from '../../contract/assist';
import type { Call } from '../../contract/engine';
import { InputError, isAbort, messageOf, NetworkError } from '../../contract/errors';
import { NAME_SELECTOR } from '../../contract/selectors';
import type { Platform } from '../../host/platform';
import { convertColours } from '../../image/colourSpace';
import { rectOfSize } from '../../image/geometry';
import { combineMasks, maskToPixels } from '../../image/mask/mask';
import { createMask, type Mask } from '../../image/raster';
import { knownSelector } from '../../model/selectors/open';
import { downloadSelector } from '../../model/selectors/selectors';
import { connect } from '../../model/source/download';
import { HUB_URL } from '../../model/source/modelName';
import { createNodeAssistant, imageOfPixels } from '../assistant';
import type { FilePicture } from '../images';
import type { Arguments } from './args';
import type { MaskArgument } from './maskArgument';

/** Where models of the Hub come from and are kept. */
export type SelectorWeights = Pick<Platform, 'store' | 'hub'>;

type Selection = Pick<Arguments, 'select' | 'selectNames' | 'selectModel' | 'threads'>;

/**
 * Selects as the page does, with the whole image in sight: what has one of the names, and the thing at the places.
 * @throws InputError naming the flag if a place lies outside the image, or nothing is there or has that name
 * @throws NetworkError if a model has to be downloaded and cannot be
 */
export async function selectArgument(
  picture: FilePicture,
  { select, selectNames, selectModel, threads = availableParallelism() }: Selection,
  call: Call & { weights: SelectorWeights },
): Promise<MaskArgument> {
  const { width, height } = picture;
  const { signal, weights } = call;
  for (const { x, y, include } of select) {
    if (x < width && y < height) continue;
    const flag = include ? '--select' : '--select-not';
    throw new InputError(flag, `${flag}: ${x},${y} is outside the image, which is ${width} × ${height}`);
  }
  if (selectNames.length > 0) await fetchSelector(NAME_SELECTOR, '--select-name', call);
  if (selectModel !== undefined) await fetchSelector(selectModel, '--select-model', call);
  const place = { store: weights.store, hubUrl: weights.hub.url };
  const assistant = createNodeAssistant(threads, { place, selector: selectModel });
  const stop = () => signal.throwIfAborted();
  try {
    const image = imageOfPixels(convertColours(picture, picture.colourSpace, 'srgb'));
    const mask = createMask(picture);
    for (const text of selectNames) {
      const part = await assistant.find(image, { text, grow: DEFAULT_GROW }, stop);
      if (part === null)
        throw new InputError('--select-name', `--select-name: nothing in the image looks like "${text}"`);
      join(mask, part, 'add');
    }
    const thingAt = (points: AssistPoint[], again = 0) => {
      const request = { points, view: rectOfSize(picture), refines: false, again, grow: DEFAULT_GROW };
      return assistant.select(image, request, stop);
    };
    if (select.some(({ include }) => include)) {
      const part = await thingAt(...pressesOf(select));
      if (part === null) throw new InputError('--select', '--select: there is no thing at that place');
      join(mask, part, 'add');
    } else {
      for (const { x, y } of select) {
        const part = await thingAt([{ x, y, include: true }]);
        if (part !== null) join(mask, part, 'subtract');
      }
    }
    if (!mask.data.some((value) => value > 0))
      throw new InputError('--select-not', '--select-not: nothing is left of what was selected');
    return { mask, unpasted: maskToPixels(mask), note: null };
  } finally {
    await assistant.dispose();
  }
}

/** The same place again and again is one place, pressed again, as on the page. */
function pressesOf(select: readonly AssistPoint[]): [points: AssistPoint[], again: number] {
  const different = select.filter(
    ({ x, y, include }, i) =>
      select.findIndex((other) => other.x === x && other.y === y && other.include === include) === i,
  );
  const isOnePlace = different.length === 1;
  return isOnePlace ? [different, Math.min(select.length - 1, MAX_AGAIN)] : [[...select], 0];
}

/** Joins what was selected with the mask, in place. */
function join(mask: Mask, part: MaskPart, how: 'add' | 'subtract'): void {
  const { data } = combineMasks(mask, part, part, how);
  for (let row = 0; row < part.height; row++) {
    const line = data.subarray(row * part.width, (row + 1) * part.width);
    mask.data.set(line, (part.y + row) * mask.width + part.x);
  }
}

/** Downloads what is missing of a model, unless it is on this device. */
async function fetchSelector(
  id: string,
  flag: string,
  { signal, onProgress, weights: { store, hub } }: Call & { weights: SelectorWeights },
): Promise<void> {
  const { url = HUB_URL, token } = hub;
  try {
    await downloadSelector(id, { store, hubUrl: url }, connect(url, signal, { token }), {
      onProgress: (progress) => progress.stage !== 'wait' && onProgress(progress),
    });
  } catch (error) {
    if (isAbort(error) || !(error instanceof NetworkError)) throw error;
    const { title } = knownSelector(id);
    throw new NetworkError(
      `${flag} needs ${title} (${id}), which is not on this device and cannot be downloaded: ${messageOf(error)}`,
    );
  }
}
