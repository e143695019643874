/** What the user is told about a mask that was read: how it was understood, and why it paints nothing. */

import { MASK_THRESHOLD, type Pixels } from '../raster';
import { FAINT } from './cleanMask';
import { lookAtMask, type MaskFacts, type MaskKind, type MaskReading, readLuminance } from './maskReading';

/** A share of white above which the mask may be meant the other way round. */
const MOSTLY_WHITE = 0.95;

export interface MaskNote {
  /** A sentence that begins with "the mask" and has no full stop. */
  text: string;
  /** The reading that is most likely meant if this one is wrong. */
  other: MaskReading;
}

const noteOfKind: Record<MaskKind, MaskNote | null> = {
  luminance: null,
  colour: { text: 'the mask is in colour: all colours count as painted, black is kept', other: 'luminance' },
  ink: {
    text: 'the mask is in colour on white: all colours count as painted, white is kept',
    other: 'luminance',
  },
  alpha: {
    text: 'the mask is partly transparent: opaque parts count as painted, in any colour',
    other: 'inverted',
  },
};

/** How a mask was understood. @returns null if that is obvious, or the reading was asked for */
export function maskNote({ kind, reading, whiteShare }: MaskFacts): MaskNote | null {
  if (reading !== undefined) return null;
  const note = noteOfKind[kind];
  const white = whiteNote(whiteShare);
  if (white === null) return note;
  return { text: note ? `${note.text}; ${white}` : white, other: 'inverted' };
}

/**
 * The same for masks that engines read: their luminance over black, white from one half up.
 * @returns a sentence as of {@link MaskNote}; null if there is nothing to say
 */
export function engineMaskNote(pixels: Pixels): string | null {
  const { kind } = lookAtMask(pixels);
  const { data } = readLuminance(pixels);
  const white = whiteNote(data.filter((value) => value >= MASK_THRESHOLD).length / Math.max(1, data.length));
  const what = kind === 'luminance' ? null : kind === 'alpha' ? 'partly transparent' : 'in colour';
  const note =
    what && `the mask is ${what}: parts at least half as bright as white, over black, are repainted`;
  return note && white ? `${note}; ${white}` : (note ?? white);
}

function whiteNote(share: number): string | null {
  return share > MOSTLY_WHITE ? `the mask covers ${Math.floor(share * 100)} % of the image` : null;
}

/** Why nothing would be repainted. @returns a sentence as of {@link MaskNote}; null if something would */
export function whyEmpty({ kind, reading, whitest, paints }: MaskFacts): string | null {
  if (paints) return null;
  if (reading === 'inverted')
    return 'the mask is painted all over, so nothing is left to repaint once it is inverted';
  if (reading === 'alpha' || (reading === undefined && kind === 'alpha')) {
    return whitest === 0
      ? 'the mask is fully transparent; paint the area to change'
      : `the mask is almost transparent: its opacity is at most ${whitest} of 255; paint the area to change`;
  }
  if (reading === 'luminance' && kind === 'alpha') {
    return 'the mask is black wherever it is opaque: its strokes are in its transparency, which this reading ignores';
  }
  if (whitest === 0) return 'the mask is all black; paint the area to change in white';
  return (
    `nothing in the mask is white: its largest value is ${whitest} of 255, and values below ${FAINT} count as black; ` +
    'white is 255, so multiply a mask of 0 and 1 by 255'
  );
}
