/** The server as a host: files as input, images up to its size limit, models by the names that its operator gave them. */
import { InputError } from '../../../contract/errors';
import { FILL } from '../../../contract/schema';
import { createHost, type ModelHost } from '../../../host/createHost';
import type { Size } from '../../../image/geometry';
import { engineMaskNote } from '../../../image/mask/maskNotes';
import { checkOwnScale } from '../../../pipeline/remove';
import { nodePlatform, ownFolder } from '../../platform';

export interface PaintOptions {
  /** CPU threads; all cores if absent. */
  threads?: number;
  /** Models in local folders, by the name that requests use; no other path is ever opened. */
  folders: Readonly<Record<string, string>>;
  hubUrl: string;
  hubToken?: string;
}

/** Larger images are refused: the whole of one goes through the model. `fill` has a limit of its own. */
const MAX_SIDE = 2048;

export function createPaintHost({ threads, folders, hubUrl, hubToken }: PaintOptions): ModelHost {
  return createHost({
    ...nodePlatform({ threads, hub: { url: hubUrl, token: hubToken } }),
    async ownModel(name) {
      const folder = Object.hasOwn(folders, name) ? folders[name] : undefined;
      return folder === undefined ? undefined : ownFolder(name, folder);
    },
    checkSize: checkSides,
    describeMask: ({ data, ...size }) => engineMaskNote({ ...size, data: new Uint8ClampedArray(data) }),
  });
}

function checkSides({ width, height }: Size, modelName: string): void {
  if (modelName === FILL) {
    checkOwnScale({ width, height });
    return;
  }
  const smallest = Math.min(width, height);
  if (smallest >= 64 && Math.max(width, height) <= MAX_SIDE) return;
  throw new InputError(
    'image_url',
    `image_url: the image is ${width} × ${height} pixels; sides from 64 to ${MAX_SIDE} are allowed. ` +
      'Send the area around the mask',
  );
}
