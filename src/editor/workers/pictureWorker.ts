/** The worker for whole images: decodes them, cuts out what a run sends, pastes results back, extends the canvas. */

import type { ColourSpace } from '../../image/files/iccProfile';
import { halvesOf } from '../document/picture';
import { codec } from './codec';
import { type Decoded, decodeWhole } from './decodePicture';
import { type EncodedType, encodeAs } from './encodeAs';
import {
  type CutOutRequest,
  type ExtendRequest,
  type PasteRequest,
  type PrepareRequest,
  runCutOut,
  runExtend,
  runPaste,
  runPrepare,
} from './pictureWork';
import { serveTasks } from './taskWorker';

export type Task =
  | { kind: 'open'; file: Blob; name: string; bits?: number | undefined }
  | { kind: 'prepare'; request: PrepareRequest }
  | { kind: 'paste'; request: PasteRequest }
  | { kind: 'extend'; request: ExtendRequest }
  | { kind: 'cutOut'; request: CutOutRequest }
  | { kind: 'encode'; file: Blob; type: EncodedType };

/** A file, and the bitmaps that the page draws. */
export interface Drawn {
  file: Blob;
  bitmaps: ImageBitmap[];
  colourSpace: ColourSpace;
  /** What was lost when it was opened, in words. */
  loss: string | null;
}

async function run(task: Task): Promise<unknown> {
  switch (task.kind) {
    case 'open':
      return draw(task.file, await decodeWhole(task.file, task.name, task.bits));
    case 'prepare':
      return runPrepare(codec, task.request);
    case 'paste':
      return runPaste(codec, task.request);
    case 'extend': {
      const surface = await runExtend(codec, task.request);
      const file = await surface.toPng();
      if (!surface.source) throw new TypeError('a surface in a worker is a canvas');
      const { colourSpace } = surface;
      return draw(file, { bitmap: await createImageBitmap(surface.source), colourSpace, loss: null });
    }
    case 'cutOut':
      return runCutOut(codec, task.request);
    case 'encode':
      return encodeAs(task.file, task.type);
    default:
      throw new TypeError(`unknown task ${task satisfies never}`);
  }
}

function draw(file: Blob, decoded: Pick<Decoded, 'bitmap' | 'colourSpace' | 'loss'>): Drawn {
  const { bitmap, colourSpace, loss } = decoded;
  return { file, bitmaps: halvesOf(bitmap, colourSpace), colourSpace, loss };
}

serveTasks(run, (result) => {
  if (typeof result !== 'object' || result === null) return [];
  if ('bitmaps' in result && Array.isArray(result.bitmaps)) return result.bitmaps;
  return 'weights' in result && result.weights instanceof Uint8Array ? [result.weights.buffer] : [];
});
