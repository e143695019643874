/** The worker for masks, whose tasks would block the page: answers each task with its result. */

import type { ColourSpace } from '../../image/files/iccProfile';
import type { Size } from '../../image/geometry';
import { maskToPixels } from '../../image/mask/mask';
import { type MaskReading, readLuminance, readMask } from '../../image/mask/maskReading';
import type { Mask, Pixels } from '../../image/raster';
import { operations } from '../tools/index';
import type { Operation } from '../tools/tool';
import { decodeWhole } from './decodePicture';
import { type Edge, type Patch, runEdge, runSelect, runTransparency } from './maskOperations';
import { createCanvas } from './surface';
import { serveTasks } from './taskWorker';

/** An image's file comes with the first task that needs it, and is kept for the next. */
export type Task =
  | { kind: 'edge'; edge: Edge; mask: Mask; radius: number }
  /** @param operation the id of one that `tools/index` lists, with its request */
  | { kind: 'select'; operation: string; request: unknown; file: Blob | null }
  | { kind: 'transparency'; file: Blob | null }
  | { kind: 'encode'; size: Size; painted: Patch | null }
  /** A mask that Inlay wrote, value for value. */
  | { kind: 'decode'; bitmap: ImageBitmap }
  | { kind: 'read'; bitmap: ImageBitmap; reading: MaskReading | undefined };

let picture: Pixels | null = null;

async function run(task: Task): Promise<unknown> {
  switch (task.kind) {
    case 'edge':
      return runEdge(task.edge, task.mask, task.radius);
    case 'select':
      return runSelect(await pictureOf(task.file), operationOf(task.operation), task.request);
    case 'transparency':
      return runTransparency(await pictureOf(task.file));
    case 'encode':
      return encode(task.size, task.painted);
    case 'decode':
      return readLuminance(pixelsOf(task.bitmap));
    case 'read':
      return readMask(pixelsOf(task.bitmap), task.reading);
    default:
      throw new TypeError(`unknown task ${task satisfies never}`);
  }
}

/** The page sends an operation's own request beside its id. */
function operationOf(id: string): Operation<unknown> {
  const found = operations.find((operation) => operation.id === id);
  if (!found) throw new RangeError(`no operation is called ${id}`);
  return found as Operation<unknown>;
}

async function pictureOf(file: Blob | null): Promise<Pixels> {
  if (file) {
    const { bitmap, colourSpace } = await decodeWhole(file, 'the image');
    picture = pixelsOf(bitmap, colourSpace);
  }
  if (!picture) throw new Error('no image was sent');
  return picture;
}

function pixelsOf(bitmap: ImageBitmap, colourSpace: ColourSpace = 'srgb'): Pixels {
  const { width, height } = bitmap;
  const context = createCanvas({ width, height }, colourSpace, { willReadFrequently: true })?.context;
  if (!context) throw new Error('This browser cannot read an image of that size.');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

function encode({ width, height }: Size, painted: Patch | null): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser cannot write an image of that size.');
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  if (painted) {
    const { mask, place } = painted;
    const pixels = new ImageData(maskToPixels(mask).data, mask.width, mask.height);
    context.putImageData(pixels, place.x, place.y);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}

/** The arrays that an answer may transfer instead of copying. */
function transferables(result: unknown): Transferable[] {
  if (typeof result !== 'object' || result === null) return [];
  if ('data' in result && result.data instanceof Uint8Array) return [result.data.buffer];
  return 'mask' in result ? transferables(result.mask) : [];
}

serveTasks(run, transferables);
