/** Reads the command line's mask. */

import { InputError } from '../../contract/errors';
import { maskToPixels } from '../../image/mask/mask';
import { engineMaskNote, maskNote, whyEmpty } from '../../image/mask/maskNotes';
import { readMask } from '../../image/mask/maskReading';
import type { Mask, Pixels as OwnPixels, Pixels } from '../../image/raster';
import { checkPaints } from '../../pipeline/checkInputs';
import type { Arguments } from './args';

export interface MaskArgument {
  /** For pasting the result back. */
  mask: Mask;
  /** Sent if nothing is pasted back: the file as diffusers reads it, unless --mask-reading says otherwise. */
  unpasted: OwnPixels;
  /** How the mask was understood, unless that is obvious. */
  note: string | null;
}

/** @throws InputError (`--mask`) if nothing would be repainted, saying what was found */
export function readMaskArgument(
  picture: Pixels,
  { maskReading, pasteBack }: Pick<Arguments, 'maskReading' | 'pasteBack'>,
): MaskArgument {
  const pixels = { ...picture, data: new Uint8ClampedArray(picture.data) };
  const { mask, facts } = readMask(pixels, maskReading);
  if (!pasteBack && maskReading === undefined) {
    checkPaints(pixels, '--mask');
    return { mask, unpasted: pixels, note: named(engineMaskNote(pixels)) };
  }
  const why = whyEmpty(facts);
  if (why !== null) throw new InputError('--mask', `--mask: ${why}`);
  const unpasted = maskToPixels(mask);
  if (!pasteBack) checkPaints(unpasted, '--mask');
  const note = maskNote(facts);
  return {
    mask,
    unpasted,
    note: named(note && `${note.text}; for another reading add --mask-reading ${note.other}`),
  };
}

function named(note: string | null): string | null {
  return note && `--mask: ${note}`;
}
